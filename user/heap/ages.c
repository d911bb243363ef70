// SPDX-License-Identifier: Apache-2.0
#include "ages.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "members.h"

#define PASSES                                                                                     \
	4 /* levels that a proof is handed up, at least: instance -> dict -> list -> dict -> float \
	   */
#define DEPTH_MAX (1u << 24)

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

static void count(struct ages *a, uint32_t parent, bool old)
{
	uint8_t *held = old ? &a->olds[parent] : &a->youngs[parent];

	*held += *held < UINT8_MAX;
}

static bool bit(const uint8_t *bits, uint32_t block)
{
	return bits[block / 8] >> block % 8 & 1;
}

static void set_bit(uint8_t *bits, uint32_t block)
{
	bits[block / 8] |= (uint8_t)(1u << block % 8);
}

/* Does what it holds prove that the block was there at the first walk? */
static bool is_proven(const struct ages *a, const struct reach *r, uint32_t block)
{
	const struct sized *now = blocks_sized(&r->history->now, block);
	uint32_t size[WALKS_MAX], least = a->youngs[block];

	if (history_sizes(r->history, block, size))
		least = size[0];
	else if (now)
		least = now->size;
	return a->olds[block] && a->olds[block] * 2u >= (least < UINT8_MAX ? least : UINT8_MAX);
}

/* Does the block's age say something about its parent's? A key does not: equal keys are built again
 * and again. */
static bool is_witness(const struct reach *r, uint32_t block)
{
	const struct blocks *b = &r->history->now;
	uint32_t parent = r->parent[block];
	uint16_t edge = r->edge[block];

	return b->print[block] && b->type[block] != TYPE_NONE && parent != PARENT_NONE &&
	       !reach_is_root(parent) && (edge < EDGE_KEY || edge >= EDGE_FIELD);
}

/* Containers and instances that hold something known tell their own holders, each once. */
static void hand_up(struct ages *a, const struct reach *r)
{
	for (uint32_t i = 0; i < r->history->now.count; i++) {
		if ((!a->olds[i] && !a->youngs[i]) || bit(a->known, i) || !is_witness(r, i) ||
		    has_content(r, i))
			continue;
		set_bit(a->known, i);
		count(a, r->parent[i], there_since_first(r, i) && is_proven(a, r, i));
	}
}

int ages_init(struct ages *a, const struct reach *r)
{
	uint32_t count_all = r->history->now.count + (uint32_t)r->lates;
	uint32_t blocks = r->history->now.count;

	a->olds = calloc(count_all + 1, 1);
	a->youngs = calloc(count_all + 1, 1);
	a->known = calloc(count_all / 8 + 1, 1);
	a->trusted = calloc(count_all / 8 + 1, 1);
	if (!a->olds || !a->youngs || !a->known || !a->trusted)
		return -ENOMEM;
	for (uint32_t i = 0; i < blocks; i++)
		if (is_witness(r, i) && has_content(r, i))
			count(a, r->parent[i], there_since_first(r, i));
	for (int pass = 0; pass < PASSES; pass++)
		hand_up(a, r);
	memset(a->known, 0, count_all / 8 + 1); /* hand_up() marked there what it had done */
	return 0;
}

void ages_release(struct ages *a)
{
	free(a->olds);
	free(a->youngs);
	free(a->known);
	free(a->trusted);
	*a = (struct ages){ 0 };
}

bool ages_is_namespace(const struct reach *r, uint32_t block)
{
	uint32_t parent = r->parent[block];
	struct object o;

	if (parent == PARENT_NONE || reach_is_root(parent))
		return false;
	reach_object(r, parent, &o);
	return members_is_namespace(r, &o, r->edge[block]);
}

/* What the block alone says: 1 old, 0 not, -1 as old as its parent. */
static int alone(const struct ages *a, const struct reach *r, uint32_t block)
{
	uint32_t parent = r->parent[block];

	if (reach_type(r, block) == TYPE_NONE)
		return parent == PARENT_NONE || reach_is_root(parent) ? 1 : -1;
	if (!there_since_first(r, block))
		return 0;
	if (parent == PARENT_NONE || reach_is_root(parent) || is_proven(a, r, block) ||
	    has_content(r, block))
		return 1;
	return r->edge[block] >= EDGE_FIELD || ages_is_namespace(r, parent) ? -1 : 0;
}

bool ages_old(struct ages *a, const struct reach *r, uint32_t block)
{
	uint32_t at = block;
	int old = -1;

	if (reach_type(r, block) == TYPE_NONE || !there_since_first(r, block))
		return false;
	for (uint32_t depth = 0; depth < DEPTH_MAX; depth++) {
		old = bit(a->known, at) ? bit(a->trusted, at) : alone(a, r, at);
		if (old >= 0)
			break;
		at = r->parent[at];
	}
	for (uint32_t down = block;; down = r->parent[down]) {
		set_bit(a->known, down);
		if (old > 0)
			set_bit(a->trusted, down);
		if (down == at)
			return old > 0;
	}
}
