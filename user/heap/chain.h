// SPDX-License-Identifier: Apache-2.0
/*
 * Linked lists: when survivors hold each other one by one, what is written next is the slot at the
 * end of the chain, and that end moves on with every store.
 *
 *	HEAD -> node -> node -> ... -> node -> (slot that will be written next)
 *	        '-- one link: one to CHAIN_EDGES_MAX edges, as node -> __dict__ -> 'next' -> node
 */
#ifndef PYLEAK_HEAP_CHAIN_H
#define PYLEAK_HEAP_CHAIN_H

#include "reach.h"

#define CHAIN_EDGES_MAX 4
#define CHAIN_LINKS_MAX (1u << 20) /* followed at one call; the next call goes on from there */

struct chain {
	uint32_t block; /* a node, as far to the end as was seen */
	uint16_t edge[CHAIN_EDGES_MAX];
	unsigned edges; /* 0: no chain */
};

/* The list that @survivor, or what holds it over a few steps, is a link of: held by another of its
 * type, and that one again. */
struct chain chain_find(const struct reach *r, uint32_t survivor);

/* The slot at the end of the chain, now; 0 where it cannot be followed. Moves c->block along. */
uint64_t chain_tail(struct reach *r, struct chain *c);

#endif
