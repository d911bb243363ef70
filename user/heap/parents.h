// SPDX-License-Identifier: Apache-2.0
/*
 * Who holds each block, and how, in memory that follows what is asked: a leaf that was there at
 * the first walk is nobody's parent and nobody's survivor, so one bit must do for it.
 *
 *   blocks       list  array  leaf  tuple  leaf  leaf ...          late blocks
 *   listed        1      0     0      1     0     0        a bit a block; late ones need none
 *   raw           0      1     0      0     0     0
 *                 |      '---------.  '--.                            |
 *   parent, edge [0]               |    [1]  ...  [first raw] ... [first late] ...    7 bytes each
 *                                  '--------------------^
 *
 * An entry's number is the count of set bits before the block's, by 64 blocks in rank and
 * raw_rank. Raw memory of the first walk has its entries apart, because most of it is some
 * container's array, which needs no more than the bit that it was reached: entries that are never
 * set lie on pages that are never touched.
 */
#ifndef PYLEAK_HEAP_PARENTS_H
#define PYLEAK_HEAP_PARENTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "blocks.h"
#include "types.h"

#define PARENT_NONE UINT32_MAX
#define ENTRY_NONE SIZE_MAX

struct parents {
	uint64_t *listed;    /* bit by block: has an entry; all arrays owned, on pages */
	uint64_t *raw;	     /* bit by block: has an entry among the raw ones */
	uint64_t *seen;	     /* bit by block of the table: reached */
	uint32_t *rank;	     /* by 64 blocks: listed blocks before them */
	uint32_t *raw_rank;  /* by 64 blocks: number of the first raw entry */
	uint32_t *unparent;  /* by entry: ~parent, so that zero is PARENT_NONE */
	uint16_t *edge;	     /* by entry */
	uint8_t *old_leaves; /* by entry: how many leaves without one it holds, at most 255 */
	size_t listed_cap, raw_cap, seen_cap, rank_cap, raw_rank_cap;
	size_t unparent_cap, edge_cap, old_leaves_cap;
	size_t entries; /* of the table's blocks; those of late ones lie behind */
	uint32_t count; /* blocks in the table */
};

/* 0 or -ENOMEM. Release with parents_release(), also after a failure. */
/* @all: every block gets an entry, as a census needs. */
int parents_init(struct parents *p, const struct blocks *b, const struct types *t, bool all);
void parents_release(struct parents *p);

/* Make room for @lates late blocks, which nobody holds yet. 0 or -ENOMEM. */
int parents_add_late(struct parents *p, size_t lates);

/* Number of a block's entry, or ENTRY_NONE. */
static inline size_t parents_entry(const struct parents *p, uint32_t block)
{
	uint64_t bit = 1ull << (block & 63);
	size_t word = block / 64;

	if (block >= p->count)
		return p->entries + (block - p->count);
	if (p->listed[word] & bit)
		return p->rank[word] + (size_t)__builtin_popcountll(p->listed[word] & (bit - 1));
	if (p->raw[word] & bit)
		return p->raw_rank[word] + (size_t)__builtin_popcountll(p->raw[word] & (bit - 1));
	return ENTRY_NONE;
}

/* The first block of the table from @block on that has an entry; p->count where there is none. */
uint32_t parents_next(const struct parents *p, uint32_t block);

/* PARENT_NONE also where the block was reached but has no entry. */
static inline uint32_t parents_of(const struct parents *p, uint32_t block)
{
	size_t entry = parents_entry(p, block);

	return entry == ENTRY_NONE ? PARENT_NONE : ~p->unparent[entry];
}

static inline unsigned parents_edge(const struct parents *p, uint32_t block)
{
	size_t entry = parents_entry(p, block);

	return entry == ENTRY_NONE ? 0 : p->edge[entry];
}

static inline bool parents_reached(const struct parents *p, uint32_t block)
{
	if (block >= p->count)
		return parents_of(p, block) != PARENT_NONE;
	return p->seen[block / 64] >> (block & 63) & 1;
}

/* The block is reached, by whom does not matter. */
static inline void parents_see(struct parents *p, uint32_t block)
{
	p->seen[block / 64] |= 1ull << (block & 63);
}

void parents_set(struct parents *p, uint32_t block, uint32_t parent, unsigned edge);

/* An old leaf, which has no entry, is held by @parent. */
void parents_count_leaf(struct parents *p, uint32_t parent);

#endif
