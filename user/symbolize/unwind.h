// SPDX-License-Identifier: Apache-2.0
/*
 * What native.c (frames) and merge.c (both stacks in one) share. Not for other folders.
 */
#ifndef PYLEAK_SYMBOLIZE_UNWIND_H
#define PYLEAK_SYMBOLIZE_UNWIND_H

#include "modules.h"
#include "native.h"

#define LOOP_PARTS 16

struct native_row {
	uint64_t address;    /* of the process; 0: nothing here */
	int error;	     /* why there is no row */
	struct cfi_row row;
};

struct native_named {
	uint64_t address;
	struct frame frame;
};

/* A function, or a part of one, and whether it is of the interpreter loop. Link addresses. */
struct loop_part {
	uint64_t start, end;
	bool is_loop;
};

struct native {
	struct modules modules;
	const struct py_runtime *runtime; /* borrowed */
	uint64_t generation;		  /* of the modules, when the caches were filled */
	struct native_row *row;	     /* owned, NATIVE_ROWS of them, by a hash of the address */
	struct native_named *named;  /* owned, NATIVE_NAMES of them, likewise */
	struct loop_part part[LOOP_PARTS]; /* asked about last */
	size_t parts;
};

/* Is @address in the image of CPython itself? */
bool native_is_cpython(const struct native *n, uint64_t address);

/* Is @address in the function that interprets bytecode? */
bool native_is_loop(struct native *n, uint64_t address);

#endif
