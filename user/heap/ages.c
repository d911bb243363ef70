// SPDX-License-Identifier: Apache-2.0
#include "ages.h"

#include <errno.h>
#include <stdlib.h>

#include "members.h"

#define HALF_AT 15
#define PASSES 2 /* levels that a proof is handed up: entry -> its dict -> its list of floats */
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

static void count(uint8_t *held, bool old)
{
	unsigned olds = *held >> 4, youngs = *held & 15;

	olds += old;
	youngs += !old;
	if (olds == HALF_AT || youngs == HALF_AT) {
		olds /= 2;
		youngs /= 2;
	}
	*held = (uint8_t)(olds << 4 | youngs);
}

static bool mostly_old(uint8_t held)
{
	return held >> 4 && (held >> 4) * 2 >= (held & 15);
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

int ages_init(struct ages *a, const struct reach *r)
{
	uint32_t count_all = r->history->now.count + (uint32_t)r->lates;
	uint32_t blocks = r->history->now.count;

	a->held = calloc(count_all + 1, 1);
	a->known = calloc(count_all / 8 + 1, 1);
	a->trusted = calloc(count_all / 8 + 1, 1);
	if (!a->held || !a->known || !a->trusted)
		return -ENOMEM;
	for (uint32_t i = 0; i < blocks; i++)
		if (is_witness(r, i) && has_content(r, i))
			count(&a->held[r->parent[i]], there_since_first(r, i));
	for (int pass = 0; pass < PASSES; pass++)
		for (uint32_t i = 0; i < blocks; i++)
			if (a->held[i] && is_witness(r, i) && !has_content(r, i))
				count(&a->held[r->parent[i]],
				      there_since_first(r, i) && mostly_old(a->held[i]));
	return 0;
}

void ages_release(struct ages *a)
{
	free(a->held);
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

static bool bit(const uint8_t *bits, uint32_t block)
{
	return bits[block / 8] >> block % 8 & 1;
}

/* What the block alone says: 1 old, 0 not, -1 as old as its parent. */
static int alone(const struct ages *a, const struct reach *r, uint32_t block)
{
	uint32_t parent = r->parent[block];

	if (reach_type(r, block) == TYPE_NONE)
		return parent == PARENT_NONE || reach_is_root(parent) ? 1 : -1;
	if (!there_since_first(r, block))
		return 0;
	if (parent == PARENT_NONE || reach_is_root(parent) || mostly_old(a->held[block]) ||
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
		a->known[down / 8] |= (uint8_t)(1u << down % 8);
		if (old > 0)
			a->trusted[down / 8] |= (uint8_t)(1u << down % 8);
		if (down == at)
			return old > 0;
	}
}
