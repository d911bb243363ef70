// SPDX-License-Identifier: Apache-2.0
/*
 * What would be freed if an object went: its subtree in the tree of dominators. A block dominates
 * another when every way from the roots leads over it.
 *
 *	roots -> A -> B -> D		B is all that leads to D: B retains D
 *	         '--> C --> E		both B and C lead to E: only A retains E
 *	              B ----^
 *
 * The search's tree of shortest paths is made into it: as long as some reference to a block comes
 * from outside of the subtree that it hangs in, it moves up to where both ways part. (The same
 * fixed point as K. Cooper, T. Harvey, K. Kennedy, A Simple, Fast Dominance Algorithm, 2001; from
 * any spanning tree it is reached from above, so that a computation that is cut short gives sizes
 * that are too large and never too small.)
 *
 * References are those the search follows: of objects, modules, frames and threads. Of pointers in
 * C memory and on native stacks, which may be borrowed or stale, only those count that lead to what
 * nothing else leads to. A table that several share (the keys of instances' dicts) is its first
 * holder's.
 *
 * Memory: 16 bytes a block, 8 for each reference beyond a block's first one, at most
 * DOMINATORS_EXTRA(blocks) of those.
 */
#ifndef PYLEAK_HEAP_DOMINATORS_H
#define PYLEAK_HEAP_DOMINATORS_H

#include "reach.h"

#define DOMINATORS_TOP (PARENT_NONE - REACH_ROOTS_MAX - 1) /* retained by no single block */
#define DOMINATORS_EXTRA(blocks) (2ull * (blocks) + (1u << 20))
#define DOMINATORS_STEPS_MAX 600000000ull /* up the tree, all passes: some 6 s */

struct extra {
	uint32_t from, next; /* block or DOMINATORS_TOP; number + 1 of its next extra */
};

struct dominators {
	const struct reach *r;
	struct reach_sink sink;
	uint32_t *up;	  /* by block: its dominator; DOMINATORS_TOP; PARENT_NONE: unreached */
	uint32_t *weight; /* by block: units of 16 bytes it retains, itself included */
	uint32_t *head;  /* by block: number of its first extra reference + 1 */
	struct extra *extra;
	uint32_t *join; /* blocks with extra references, in the order they were found */
	size_t head_cap, extra_cap, join_cap, up_cap, weight_cap;
	size_t extras, joins;
	uint32_t count;	 /* of blocks, late ones too */
	bool at_most;	 /* cut short: what blocks retain is an upper bound */
	unsigned passes;
	uint64_t steps;
	int err;
};

/* Set r->sink to &d->sink, then search with keep_all, then dominators_find(). Release with
 * dominators_release() in any case. */
void dominators_init(struct dominators *d, const struct reach *r);
/* 0 or -ENOMEM. Gives back what only finding needed. */
int dominators_find(struct dominators *d);
void dominators_release(struct dominators *d);

/* Bytes that @block retains: whole blocks, of objects and their memory. */
static inline uint64_t dominators_bytes(const struct dominators *d, uint32_t block)
{
	return 16ull * d->weight[block];
}

#endif
