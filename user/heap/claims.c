// SPDX-License-Identifier: Apache-2.0
#include "claims.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "path.h"

#define NO_HOLDER UINT32_MAX

int claims_begin(struct claims *c, struct heap *h)
{
	*c = (struct claims){ .heap = h, .holder_cap = HOLDERS_MAX };
	c->holder = calloc(c->holder_cap, sizeof(*c->holder));
	if (!c->holder)
		return -ENOMEM;
	if (anchors_init(&c->anchors, &h->reach)) {
		free(c->holder);
		return -ENOMEM;
	}
	return 0;
}

void claims_end(struct claims *c)
{
	anchors_release(&c->anchors);
	free(c->holder);
	*c = (struct claims){ 0 };
}

/* The holder that holders.c made of such an anchor, by its path. */
static uint32_t find_holder(struct heap *h, const struct anchor *a)
{
	bool sized = a->edge == EDGE_STORAGE;
	char path[sizeof(h->holders.holder->path)];

	if (sized)
		path_write(&h->reach, a->block, path, sizeof(path));
	else
		path_write_slot(&h->reach, a->block, a->edge, path, sizeof(path));
	for (size_t i = 0; i < h->holders.count; i++)
		if (h->holders.holder[i].sized == sized &&
		    strcmp(h->holders.holder[i].path, path) == 0)
			return (uint32_t)i;
	return NO_HOLDER;
}

static uint32_t holder_of(struct claims *c, uint32_t block)
{
	uint32_t anchor = anchors_of(&c->anchors, &c->heap->reach, block);

	if (anchor == ANCHOR_NONE || anchor >= c->holder_cap)
		return NO_HOLDER;
	if (!c->holder[anchor])
		c->holder[anchor] = find_holder(c->heap, &c->anchors.anchor[anchor]) + 1;
	return c->holder[anchor] - 1;
}

/* Raw memory belongs to the young object that holds it, or to nobody. */
static bool find_owner(const struct reach *r, uint32_t block, uint32_t *owner)
{
	const struct blocks *b = &r->history->now;
	uint32_t parent = reach_parent(r, block);

	*owner = block;
	if (reach_type(r, block) != TYPE_NONE)
		return true;
	if (parent == PARENT_NONE || reach_is_root(parent) || reach_type(r, parent) == TYPE_NONE)
		return false;
	*owner = parent;
	return parent >= b->count || (b->birth[parent] & BIRTH_WALK) > 1;
}

void claims_of(struct claims *c, uint64_t address, struct claim *out)
{
	struct reach *r = &c->heap->reach;
	const struct blocks *b = &c->heap->history.now;
	uint64_t start, size;
	uint32_t block = blocks_find(b, address, &start, &size), owner;
	enum extent_kind kind;

	*out = (struct claim){ .kind = CLAIM_GONE };
	if (block == BLOCK_NONE || start != address || !b->print[block])
		return;
	blocks_addr(b, block, &size, &kind);
	*out = (struct claim){ .kind = CLAIM_OTHER,
			       .type = b->type[block],
			       .size = size,
			       .birth = b->birth[block] & BIRTH_WALK,
			       .pool = kind == EXTENT_POOL,
			       .tracked = b->birth[block] & BIRTH_TRACKED };
	out->survivor = anchors_is_survivor(r, block);
	if (out->type != TYPE_NONE)
		out->offset = types_offset(r->types, out->type, size);
	if (out->birth < 2)
		return;
	if (reach_parent(r, block) == PARENT_NONE) {
		out->kind = out->type != TYPE_NONE ? CLAIM_LOOSE
			    : out->pool		   ? CLAIM_OTHER
						   : CLAIM_NATIVE;
		return;
	}
	if (!find_owner(r, block, &owner)) {
		if (!out->pool && holders_is_native(r, block))
			out->kind = CLAIM_NATIVE;
		return;
	}
	out->holder = holder_of(c, owner);
	if (out->holder != NO_HOLDER)
		out->kind = CLAIM_HELD;
}
