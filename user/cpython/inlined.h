// SPDX-License-Identifier: Apache-2.0
/*
 * Where a build that has its allocator inlined into the callers decides to use what is inlined.
 *
 * With -fprofile-use the compiler turns the call through the allocator table into
 *
 *	mov  table.malloc, %rax
 *	cmp  $_PyObject_Malloc, %rax
 *	jne  out of line		<- here: passed once an allocation, whichever way it goes
 *	...				what _PyObject_Malloc does, inlined; or a direct call of it
 *
 * So an allocation is a passage of one of these branches, or an indirect call of the function;
 * direct calls and jumps of the function belong to an allocation that was seen already.
 */
#ifndef PYLEAK_CPYTHON_INLINED_H
#define PYLEAK_CPYTHON_INLINED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../elf/code.h"
#include "points.h"

/* Functions that ask which allocator there is compare as well, also where nothing is inlined. */
#define PY_INLINED_LEAST 8
#define PY_INLINED_MAX 2000 /* those of one build; 3.15 has 400 */

/* Does the build have pymalloc inlined into its callers? */
static inline bool py_is_inlined(const struct py_points *points)
{
	return points->inlined >= PY_INLINED_LEAST;
}

enum py_inlined_kind {
	PY_INLINED_BRANCH, /* behind a comparison */
	PY_INLINED_JUMP,   /* a direct jump to the function from another one */
};

struct py_inlined_site {
	uint64_t file_offset;
	enum py_inlined_kind kind;
	enum py_point function;
};

struct py_inlined {
	struct py_inlined_site *site; /* owned */
	size_t count, cap;
	unsigned branches;
};

/*
 * Of malloc, calloc and realloc. @bias: from link addresses to those of @points. 0, also where
 * nothing is inlined; -ENOMEM; -E2BIG beyond PY_INLINED_MAX; -EINVAL where some of the code could
 * not be decoded, so that there may be more.
 */
int py_inlined_find(struct py_inlined *out, const struct code *c, const struct py_points *points,
		    uint64_t bias);
void py_inlined_release(struct py_inlined *inlined);

#endif
