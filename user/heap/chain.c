// SPDX-License-Identifier: Apache-2.0
#include "chain.h"

#include "kinds.h"

#define LINKS_SEEN 2   /* links in a row that make a chain */
#define CHAIN_UP_MAX 8 /* steps from a survivor up to the link that holds it */

/*
 * The nearest ancestor of the same type within CHAIN_EDGES_MAX edges, or PARENT_NONE. The edges are
 * those from it down to
 * @block.
 */
static uint32_t link_before(const struct reach *r, uint32_t block, struct chain *link)
{
	unsigned type = reach_type(r, block);
	uint16_t upward[CHAIN_EDGES_MAX];
	uint32_t at = block;

	for (unsigned n = 0; n < CHAIN_EDGES_MAX; n++) {
		uint32_t parent = reach_parent(r, at);

		if (parent == PARENT_NONE || reach_is_root(parent))
			return PARENT_NONE;
		upward[n] = (uint16_t)reach_parent_edge(r, at);
		at = parent;
		if (reach_type(r, at) != type)
			continue;
		link->edges = n + 1;
		for (unsigned i = 0; i <= n; i++)
			link->edge[i] = upward[n - i];
		return at;
	}
	return PARENT_NONE;
}

static bool same(const struct chain *a, const struct chain *b)
{
	if (a->edges != b->edges)
		return false;
	for (unsigned i = 0; i < a->edges; i++)
		if (a->edge[i] != b->edge[i])
			return false;
	return true;
}

/* Does @block hang on others of its type, one by one over the same edges? */
static bool is_link(const struct reach *r, uint32_t block, struct chain *out)
{
	uint32_t at = block;

	if (reach_type(r, block) == TYPE_NONE)
		return false;
	*out = (struct chain){ .block = block };
	for (unsigned i = 0; i < LINKS_SEEN; i++) {
		struct chain link = { 0 };

		at = link_before(r, at, i ? &link : out);
		if (at == PARENT_NONE || (i && !same(&link, out)))
			return false;
	}
	return true;
}

struct chain chain_find(const struct reach *r, uint32_t survivor)
{
	struct chain found;

	for (unsigned up = 0; up < CHAIN_UP_MAX; up++) {
		if (survivor == PARENT_NONE || reach_is_root(survivor))
			break;
		if (is_link(r, survivor, &found))
			return found;
		survivor = reach_parent(r, survivor);
	}
	return (struct chain){ 0 };
}

uint64_t chain_tail(struct reach *r, struct chain *c)
{
	unsigned type = reach_type(r, c->block);

	for (unsigned links = 0; links < CHAIN_LINKS_MAX; links++) {
		uint32_t at = c->block;
		uint64_t slot = 0, next;

		for (unsigned i = 0; i < c->edges; i++) {
			struct object o;

			reach_object(r, at, &o);
			slot = kinds_slot(r, &o, c->edge[i]);
			if (!slot || !remote_u64(r->mem, slot, &next))
				return 0;
			at = reach_resolve(r, next & ~7ull);
			if (at == BLOCK_NONE)
				return i + 1 == c->edges ? slot : 0;
		}
		if (reach_type(r, at) != type)
			return slot;
		c->block = at;
	}
	return 0;
}
