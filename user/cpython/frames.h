// SPDX-License-Identifier: Apache-2.0
/*
 * The Python frames of a thread, read while it runs on: what comes may be torn, and is checked by
 * whoever uses it.
 */
#ifndef PYLEAK_CPYTHON_FRAMES_H
#define PYLEAK_CPYTHON_FRAMES_H

#include <stdbool.h>
#include <stdint.h>

#include "../target/memory.h"
#include "layout.h"

#define PY_FRAMES_MAX 2048 /* of one thread */

/*
 * Call @fn for each frame of the thread state at @thread, innermost first, shims left out, until it
 * returns false: with the frame's address, and that of its code object.
 */
void py_frames(const struct py_layout *l, struct remote *mem, uint64_t thread,
	       bool (*fn)(void *arg, uint64_t frame, uint64_t code), void *arg);

/* The frame's instruction, as py_code_line() takes it. */
bool py_frame_instruction(const struct py_layout *l, struct remote *mem, uint64_t frame,
			  uint64_t *instr);

#endif
