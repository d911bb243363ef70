// SPDX-License-Identifier: Apache-2.0
/*
 * (code object, instruction) pairs, as the kernel recorded them, into frames with names, files and
 * lines. Answers are cached by pair; at most PYFRAME_CACHE_MAX are kept, then the cache starts
 * anew. An answer is asked for again where another code object has come to the same address, and
 * kept where the process is gone.
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

/*
 * Resolve one pair. 0, or -errno when the code object could not be read (out->function is then "?",
 * line 0).
 */
int pyframes_resolve(struct pyframes *p, const struct py_frame_ref *ref, struct frame *out);

/*
 * The same where the code object's names were copied while it ran. If it has gone since, or another
 * one has come to its place, they are the answer, without a line. 0, or as above.
 */
int pyframes_resolve_copied(struct pyframes *p, const struct py_frame_ref *ref,
			    const struct py_code_copy *copy, struct frame *out);

/*
 * Is it no code of the program's, but what the interpreter puts below an inlined call of a class,
 * from 3.12 on (_Py_InitCleanup, Python/specialize.c)?
 */
int pyframe_is_shim(const struct frame *f);

/*
 * Is @file one of Python's own library: below lib/python3.N/ but not in site-packages or
 * dist-packages, or "<frozen ...>"?
 */
int pyframe_is_stdlib(const char *file);

/* The same, or one of an installed package. */
int pyframe_is_library(const char *file);

#endif
