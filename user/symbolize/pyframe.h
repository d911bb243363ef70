// SPDX-License-Identifier: Apache-2.0
/*
 * (code object, instruction) pairs, as the kernel recorded them, into frames with names, files and lines. Answers are
 * cached by pair; at most PYFRAME_CACHE_MAX are kept, then the cache starts anew.
 */
#ifndef PYLEAK_SYMBOLIZE_PYFRAME_H
#define PYLEAK_SYMBOLIZE_PYFRAME_H

#include "../../bpf/abi.h"
#include "../cpython/layout.h"
#include "../model/report.h"
#include "../target/memory.h"

#define PYFRAME_CACHE_MAX 8192

struct pyframes;

struct pyframes *pyframes_new(const struct py_layout *l, struct remote *mem); /* NULL: no memory */
void pyframes_free(struct pyframes *p);

/* Resolve one pair. 0, or -errno when the code object could not be read (out->function is then "?", line 0). */
int pyframes_resolve(struct pyframes *p, const struct py_frame_ref *ref, struct frame *out);

/* Does this file belong to Python's standard library or site-packages machinery of CPython itself ("<frozen ...>")? */
int pyframe_is_stdlib(const char *file);

#endif
