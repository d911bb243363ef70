// SPDX-License-Identifier: Apache-2.0
/*
 * The truth about what nobody reaches: for every object that the search found no way to, its
 * reference count against the references to it that there are.
 *
 *	count == references found	a cycle that awaits a collection
 *	count >  references found	somebody took a reference and never gave it back: an
 *					extension's missing Py_DECREF
 *	count <  references found	it changed while it was read
 *
 * References are those of other unreached objects (what reached ones hold is reached), of their
 * classes' instances, and of raw memory that nobody reaches either. An object with a count too high
 * is *sure* only when besides no word of the process's memory points to it: not in C data, not on a
 * stack, not in memory of another allocator, and not in unreached objects beyond the references
 * counted there. Borrowed references, stale words and registers thus make it less sure and never a
 * false alarm. Immortal objects have no count and are left out. Of the tagged references of 3.14's
 * frames those that were borrowed count as well, which can only hide an excess.
 *
 * How to use it, after any search (heap_reach() or heap_search()) and before the next walk:
 *
 *	struct refcounts found;
 *
 *	err = refcounts_take(&found, &heap->reach);
 *	for (i = 0; i < found.count; i++)
 *		... found.row[i].sure objects of found.row[i].type lost a reference ...
 *	refcounts_release(&found);
 *
 * A look of several walks asks for row.newborn_sure: those of row.sure that appeared after the
 * first walk and were seen by two walks or more, hence survivors. row.example are addresses of
 * such, to be looked up among what the allocators' probes saw.
 *
 * Memory: 14 bytes for each unreached object, at most REFCOUNTS_MAX of them.
 */
#ifndef PYLEAK_HEAP_REFCOUNTS_H
#define PYLEAK_HEAP_REFCOUNTS_H

#include "reach.h"

#define REFCOUNTS_MAX (8u << 20) /* unreached objects looked at; others are not_looked_at */
#define REFCOUNT_EXAMPLES 8

/* Objects and the sizes of their blocks. */
struct refcount_sum {
	uint64_t objects, bytes;
};

/* Objects of one type whose count exceeds the references found. */
struct refcount_row {
	unsigned type;
	struct refcount_sum own;
	struct refcount_sum held; /* unreached too, and led to by these alone */
	uint64_t excess;	  /* references too many, all objects together */
	uint64_t sure;		  /* of own.objects */
	uint64_t newborn_sure;	  /* of sure: born since the first walk, survivors */
	uint64_t example[REFCOUNT_EXAMPLES]; /* of sure, newborn ones first; 0: no more */
	unsigned examples;
};

struct refcounts {
	struct refcount_row *row; /* owned; most sure objects first, then most bytes */
	size_t count, cap;
	struct refcount_sum leaked;  /* all rows' own */
	struct refcount_sum held;    /* all rows' held */
	struct refcount_sum garbage; /* counts agree: cycles that await a collection */
	struct refcount_sum memory;  /* held by raw memory that nobody reaches, or from there */
	struct refcount_sum torn;    /* count below the references found */
	struct refcount_sum gone;    /* freed or another object by the time it was looked at */
	uint64_t not_looked_at;
};

/* 0 or -ENOMEM, -errno of reading; refcounts_release() after both. */
int refcounts_take(struct refcounts *f, struct reach *r);
void refcounts_release(struct refcounts *f);

#endif
