// SPDX-License-Identifier: Apache-2.0
/*
 * The debug file that goes with an image: the same program's symbols, in a file of its own, found
 * by build id as debuggers find it (gdb, "Separate Debug Files").
 */
#ifndef PYLEAK_TARGET_DEBUG_FILE_H
#define PYLEAK_TARGET_DEBUG_FILE_H

#include "../elf/image.h"
#include "process.h"

/*
 * Open usr/lib/debug/.build-id/ab/cdef....debug for the image's build id: below the target's root,
 * then below ours. A file there that bears another build id is not taken. 0; -ENOENT where there is
 * none; -errno with @e otherwise.
 */
int image_open_debug(struct image **out, const struct process *p, const struct image *img,
		     struct err *e);

#endif
