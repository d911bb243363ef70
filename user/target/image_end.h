// SPDX-License-Identifier: Apache-2.0
/*
 * Where a mapped ELF image ends in memory. Its .bss has no mapping of its own: the kernel may merge
 * it with whatever anonymous memory is mapped right behind, so /proc/PID/maps does not say.
 */
#ifndef PYLEAK_TARGET_IMAGE_END_H
#define PYLEAK_TARGET_IMAGE_END_H

#include <stdint.h>

#include "memory.h"

/*
 * First page behind the image whose file header is mapped at @base, from the program headers in the
 * target's memory; 0 where there are none to be read or they make no sense.
 */
uint64_t image_end(struct remote *mem, uint64_t base);

#endif
