// SPDX-License-Identifier: Apache-2.0
/*
 * What hangs under each name at the top: subtree sums over the tree of shortest paths that reach.c
 * left.
 *
 *	module app -> its dict -> SERVICE -> __dict__ -> .cache -> ._data -> 2,000,000 entries
 *	                          '-- the name         '-- where most of it is
 *
 * A subtree is an upper bound of what the name retains: each of its objects is reached over the
 * name on a shortest path, and some may be held from elsewhere as well. What only the name holds is
 * always in it.
 */
#ifndef PYLEAK_HEAP_HELD_H
#define PYLEAK_HEAP_HELD_H

#include "reach.h"

#define HELD_MAX 64	    /* names kept, the heaviest ones */
#define HELD_CONTENTS 4	    /* types kept of each, most bytes first */
#define HELD_TYPES_MAX 4096 /* types told apart there */
#define HELD_MOSTLY 0.8     /* share of its bytes that the way down follows */

struct held_content {
	unsigned type; /* TYPE_NONE: raw memory */
	uint64_t objects, bytes;
};

struct held {
	uint32_t block;
	uint64_t objects, bytes; /* blocks whole: with slack, headers and raw memory */
	uint32_t mostly;	 /* the block deepest down with most of them; block itself: none */
	uint64_t mostly_bytes;
	struct held_content content[HELD_CONTENTS];
};

struct held_sum {
	uint64_t objects, bytes;
};

struct held_list {
	struct held held[HELD_MAX]; /* most bytes first */
	unsigned count;
	uint64_t objects, bytes;		     /* of all that is reached */
	uint64_t unreached_objects, unreached_bytes; /* typed, and nothing leads to them */
	struct held_content content[HELD_CONTENTS];  /* of those, most objects first */
	struct held_sum *root; /* owned: all that hangs from each root, by its number */
};

/* After reach_run() with keep_all. 0 or -ENOMEM. Release with held_release(). */
int held_find(struct held_list *list, struct reach *r);
void held_release(struct held_list *list);

#endif
