// SPDX-License-Identifier: Apache-2.0
/*
 * Every reference to some chosen objects, the targets: collected while the search runs, and from
 * what it did not reach afterwards.
 *
 *	choose targets -> listen (the search tells) -> finish (the unreached tell)
 *
 *	ref: from block 81, by edge [17], to target 4711		12 bytes each
 *
 * Memory: a bit a block, 12 bytes a reference, at most REFERRERS_MAX of them; 116 bytes for each
 * root that holds a target directly, at most REFERRERS_ROOTS.
 */
#ifndef PYLEAK_HEAP_REFERRERS_H
#define PYLEAK_HEAP_REFERRERS_H

#include "reach.h"

#define REFERRERS_MAX (16u << 20)
#define REFERRERS_ROOTS 4096u
#define REFERRER_ROOT(i) (PARENT_NONE - 1 - (i)) /* as ref.from: root number i */

struct ref {
	uint32_t from; /* block, or REFERRER_ROOT() */
	uint32_t to;
	uint16_t edge;
};

struct referrers {
	struct reach *r;
	struct reach_sink sink;
	const struct reach_sink *next; /* borrowed: is told the same; NULL: none */
	uint8_t *target;	       /* owned: bit by block */
	uint32_t *block;	       /* targets, ascending; on pages, as are refs */
	size_t targets, block_cap;
	struct ref *ref;
	size_t refs, ref_cap;
	struct root *root; /* owned: that hold targets directly */
	size_t roots, root_cap;
	uint64_t unsure; /* words that point to targets and may hold nothing: of C memory, of native
			    stacks, of the value stacks of frames that run; of refs too */
	uint64_t lost;	 /* references beyond the bounds */
	int err;
};

/* After a walk. 0 or -ENOMEM; referrers_release() after both. */
int referrers_init(struct referrers *f, struct reach *r, const struct reach_sink *next);
void referrers_release(struct referrers *f);

/* Make @block a target; blocks in ascending order. 0 or -ENOMEM. */
int referrers_choose(struct referrers *f, uint32_t block);

/* After the search, during which the sink listened: ask also those that it did not reach. 0 or
 * -ENOMEM. */
int referrers_finish(struct referrers *f);

static inline bool referrers_is_root(const struct referrers *f, uint32_t from)
{
	return from >= REFERRER_ROOT((uint32_t)f->roots);
}

/* Is it a word of C memory or of a stack that runs, which may be stale or borrowed? */
bool referrers_is_unsure(const struct referrers *f, const struct ref *ref);

static inline const char *referrers_root_label(const struct referrers *f, uint32_t from)
{
	return f->root[PARENT_NONE - 1 - from].label;
}

static inline bool referrers_is_target(const struct referrers *f, uint32_t block)
{
	return block < f->r->history->now.count && f->target[block / 8] >> block % 8 & 1;
}

/* The number of a target among them; SIZE_MAX where it is none. */
size_t referrers_number(const struct referrers *f, uint32_t block);

#endif
