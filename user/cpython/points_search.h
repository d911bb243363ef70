// SPDX-License-Identifier: Apache-2.0
/*
 * What the parts of points.h share: the search in one image. Addresses in `out` are link addresses
 * here; points.c moves them to the process. Not for other folders.
 */
#ifndef PYLEAK_CPYTHON_POINTS_SEARCH_H
#define PYLEAK_CPYTHON_POINTS_SEARCH_H

#include "../elf/code.h"
#include "points.h"

#define PY_TABLE_BYTES 40 /* sizeof(PyMemAllocatorEx) */

struct points_search {
	const struct image *img;
	const struct code *code;
	int minor;		  /* of Python 3 */
	uint64_t debug_tables;	  /* where _PyMem_Debug's three tables begin; 0 unknown */
	struct py_points *out;
};

/* Candidates of one way of searching: entries, ambiguous where there is no room for more. */
struct points_found {
	uint64_t entry[PY_POINTS][PY_POINT_SITES];
	unsigned count[PY_POINTS];  /* PY_POINT_SITES + 1: more than that */
	enum py_found how[PY_POINTS];
	uint64_t table[PY_DOMAINS]; /* 0: not found */
	char why[PY_POINTS][96];    /* of a miss */
};

/* Add an entry that is not yet there. */
void points_add(struct points_found *f, enum py_point point, uint64_t entry, enum py_found how);

/* By .symtab of @named: the image itself, or its debug file. */
void points_by_symbol(const struct points_search *s, const struct image *named, enum py_found how,
		      struct points_found *f);

/* By structure. Each needs what those before it found. */
void points_by_tables(struct points_search *s, struct points_found *f);
void points_by_collector(struct points_search *s, struct points_found *f);
void points_by_pool(struct points_search *s, struct points_found *f);
void points_by_arena(struct points_search *s, struct points_found *f);

/* Everything about @img into @out, with @debug (NULL: none) as its debug file. */
int points_search(struct py_points *out, const struct image *img, const struct image *debug,
		  int minor, struct err *e);

#endif
