// SPDX-License-Identifier: Apache-2.0
/*
 * An ELF image whose file cannot be opened, put together from the process's memory: a deleted
 * library seen from a container, where /proc/PID/map_files is denied.
 */
#ifndef PYLEAK_TARGET_MEMORY_IMAGE_H
#define PYLEAK_TARGET_MEMORY_IMAGE_H

#include "../elf/image.h"
#include "maps.h"
#include "memory.h"

#define MEMORY_IMAGE_MAX (256ULL << 20) /* bytes of file; an image that maps more is refused */

/*
 * Copy what the mappings of the file at @first, its first mapping, show into a file in our memory
 * and open that. It has program headers and dynamic symbols, but no sections and no .symtab. 0;
 * -EFBIG, -EINVAL where the file's beginning is not mapped or is no ELF header, or -errno.
 */
int image_open_memory(struct image **out, struct remote *mem, const struct maps *maps,
		      const struct map *first, struct err *e);

#endif
