// SPDX-License-Identifier: Apache-2.0
/*
 * The file behind a mapping, as the target sees it: deleted, replaced on disk or in another mount
 * namespace alike.
 */
#ifndef PYLEAK_TARGET_OPEN_IMAGE_H
#define PYLEAK_TARGET_OPEN_IMAGE_H

#include "../elf/image.h"
#include "maps.h"
#include "process.h"

/*
 * Open the file mapped at @m. Tried in this order:
 *
 *   /proc/PID/map_files/START-END  the very inode that is mapped; the kernel asks for
 *                                  CAP_SYS_ADMIN or CAP_CHECKPOINT_RESTORE
 *   /proc/PID/root + path          if its device and inode are those of the mapping
 *   /proc/PID/exe                  if the mapping is of the executable
 *
 * 0; -ENOENT, -EPERM, ... with @e naming what was tried; -EINVAL where the file is no usable ELF
 * image.
 */
int image_open_target(struct image **out, const struct process *p, const struct map *m,
		      struct err *e);

/* Open @path if it is a regular file: a device's driver is not woken. 0, -errno, -EINVAL. */
int image_open_path(struct image **out, const char *path, struct err *e);

#endif
