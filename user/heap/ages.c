// SPDX-License-Identifier: Apache-2.0
#include "ages.h"

#include <errno.h>
#include <string.h>

#include "../util/pages.h"
#include "members.h"

#define PASSES                                                                                     \
	4 /* levels that a proof is handed up, at least: instance -> dict -> list -> dict -> float \
	   */
#define DEPTH_MAX (1u << 24)
#define AGE_HANDED_UP 1
#define AGE_KNOWN 2
#define AGE_OLD 4

static bool has_content(const struct reach *r, uint32_t block)
{
	const struct py_type *type = types_get(r->types, r->history->now.type[block]);

	return type->kind == KIND_LEAF || type->kind == KIND_TUPLE || type->kind == KIND_METHOD;
}

static bool there_since_first(const struct reach *r, uint32_t block)
{
	const struct blocks *b = &r->history->now;

	return block < b->count && b->print[block] && (b->birth[block] & BIRTH_WALK) == 1;
}

static void count(struct ages *a, const struct reach *r, uint32_t parent, bool old)
{
	size_t entry = parents_entry(&r->parents, parent);
	uint8_t *held = old ? a->olds : a->youngs;

	if (entry < a->entries)
		held[entry] += held[entry] < UINT8_MAX;
}

/* How many old things a block holds, leaves included. */
static unsigned olds_of(const struct ages *a, const struct reach *r, uint32_t block)
{
	size_t entry = parents_entry(&r->parents, block);
	unsigned olds = entry < a->entries ? a->olds[entry] + r->parents.old_leaves[entry] : 0;

	return olds < UINT8_MAX ? olds : UINT8_MAX;
}

static unsigned youngs_of(const struct ages *a, const struct reach *r, uint32_t block)
{
	size_t entry = parents_entry(&r->parents, block);

	return entry < a->entries ? a->youngs[entry] : 0;
}

static void mark(struct ages *a, const struct reach *r, uint32_t block, uint8_t flags)
{
	size_t entry = parents_entry(&r->parents, block);

	if (entry < a->entries)
		a->flags[entry] |= flags;
}

static bool is_marked(const struct ages *a, const struct reach *r, uint32_t block, uint8_t flag)
{
	size_t entry = parents_entry(&r->parents, block);

	return entry < a->entries && a->flags[entry] & flag;
}

/* Does what it holds prove that the block was there at the first walk? */
static bool is_proven(const struct ages *a, const struct reach *r, uint32_t block)
{
	uint32_t size[WALKS_MAX], least = youngs_of(a, r, block);
	unsigned olds = olds_of(a, r, block);

	if (history_sizes(r->history, block, size))
		least = size[0];
	else
		blocks_size(&r->history->now, block, &least);
	return olds && olds * 2 >= (least < UINT8_MAX ? least : UINT8_MAX);
}

/* Does the block's age say something about its parent's? Old leaves have no parent here:
 * parents.old_leaves counts them. */
static bool is_witness(const struct reach *r, uint32_t block)
{
	const struct blocks *b = &r->history->now;

	return b->print[block] && b->type[block] != TYPE_NONE &&
	       reach_edge_tells_age(reach_parent(r, block), reach_parent_edge(r, block));
}

/* Containers and instances that hold something known tell their own holders, each once. */
static void hand_up(struct ages *a, const struct reach *r)
{
	const struct parents *p = &r->parents;

	for (uint32_t i = parents_next(p, 0); i < p->count; i = parents_next(p, i + 1)) {
		if ((!olds_of(a, r, i) && !youngs_of(a, r, i)) ||
		    is_marked(a, r, i, AGE_HANDED_UP) || !is_witness(r, i) || has_content(r, i))
			continue;
		mark(a, r, i, AGE_HANDED_UP);
		count(a, r, reach_parent(r, i), there_since_first(r, i) && is_proven(a, r, i));
	}
}

int ages_init(struct ages *a, const struct reach *r)
{
	const struct parents *p = &r->parents;
	size_t entries = p->entries + r->lates;

	*a = (struct ages){ .entries = entries };
	if (pages_grow(&a->olds, &a->olds_cap, entries, sizeof(*a->olds)) ||
	    pages_grow(&a->youngs, &a->youngs_cap, entries, sizeof(*a->youngs)) ||
	    pages_grow(&a->flags, &a->flags_cap, entries, sizeof(*a->flags)))
		return -ENOMEM;
	for (uint32_t i = parents_next(p, 0); i < p->count; i = parents_next(p, i + 1))
		if (is_witness(r, i) && has_content(r, i))
			count(a, r, reach_parent(r, i), there_since_first(r, i));
	for (int pass = 0; pass < PASSES; pass++)
		hand_up(a, r);
	return 0;
}

void ages_release(struct ages *a)
{
	pages_free(&a->olds, &a->olds_cap, sizeof(*a->olds));
	pages_free(&a->youngs, &a->youngs_cap, sizeof(*a->youngs));
	pages_free(&a->flags, &a->flags_cap, sizeof(*a->flags));
	*a = (struct ages){ 0 };
}

bool ages_is_namespace(const struct reach *r, uint32_t block)
{
	uint32_t parent = reach_parent(r, block);
	struct object o;

	if (parent == PARENT_NONE || reach_is_root(parent))
		return false;
	reach_object(r, parent, &o);
	return members_is_namespace(r, &o, reach_parent_edge(r, block));
}

/* What the block alone says: 1 old, 0 not, -1 as old as its parent. */
static int alone(const struct ages *a, const struct reach *r, uint32_t block)
{
	uint32_t parent = reach_parent(r, block);

	if (reach_type(r, block) == TYPE_NONE)
		return parent == PARENT_NONE || reach_is_root(parent) ? 1 : -1;
	if (!there_since_first(r, block))
		return 0;
	if (parent == PARENT_NONE || reach_is_root(parent) || is_proven(a, r, block) ||
	    has_content(r, block))
		return 1;
	return reach_parent_edge(r, block) >= EDGE_FIELD || ages_is_namespace(r, parent) ? -1 : 0;
}

bool ages_old(struct ages *a, const struct reach *r, uint32_t block)
{
	uint32_t at = block;
	int old = -1;

	if (reach_type(r, block) == TYPE_NONE || !there_since_first(r, block))
		return false;
	for (uint32_t depth = 0; depth < DEPTH_MAX; depth++) {
		old = is_marked(a, r, at, AGE_KNOWN) ? is_marked(a, r, at, AGE_OLD)
						     : alone(a, r, at);
		if (old >= 0)
			break;
		at = reach_parent(r, at);
	}
	for (uint32_t down = block;; down = reach_parent(r, down)) {
		mark(a, r, down, old > 0 ? AGE_KNOWN | AGE_OLD : AGE_KNOWN);
		if (down == at)
			return old > 0;
	}
}
