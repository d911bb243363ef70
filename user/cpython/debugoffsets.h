// SPDX-License-Identifier: Apache-2.0
/*
 * What a 3.13+ process says of its own layout: _Py_DebugOffsets, the first bytes of _PyRuntime
 * (Include/internal/pycore_debug_offsets.h; in 3.13 pycore_runtime.h): u64 words, first the cookie
 * "xdebugpy", the version and whether the build is free-threaded. Which word is which field differs
 * by minor version and is generated.
 */
#ifndef PYLEAK_CPYTHON_DEBUGOFFSETS_H
#define PYLEAK_CPYTHON_DEBUGOFFSETS_H

#include <stdbool.h>
#include <stdint.h>

#include "../target/memory.h"
#include "layout.h"

#define PY_DEBUG_OFFSETS_WORDS 128 /* more than any version has; 3.15: 111 */

struct py_debug_offsets {
	uint64_t word[PY_DEBUG_OFFSETS_WORDS];
};

/*
 * Read them from the start of _PyRuntime; -ENOENT where the cookie is not there (before 3.13), or
 * -errno of the read.
 */
int py_debug_offsets_read(struct py_debug_offsets *d, struct remote *mem, uint64_t runtime);

uint32_t py_debug_offsets_version(const struct py_debug_offsets *d);
bool py_debug_offsets_free_threaded(const struct py_debug_offsets *d);

/*
 * Replace what they describe in the table @l of the same minor version. 0, or -EINVAL with the name
 * of the field whose offset is absurd in @field; then @l is of no use.
 */
int py_debug_offsets_apply(const struct py_debug_offsets *d, struct py_layout *l,
			   const char **field);

#endif
