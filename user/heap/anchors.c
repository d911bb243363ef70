// SPDX-License-Identifier: Apache-2.0
#include "anchors.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../util/grow.h"
#include "../util/pages.h"
#include "fingerprint.h"

#define SLOTS (HOLDERS_MAX * 4)
#define MEMO_NONE 1	/* ANCHOR_NONE; 0: not looked at yet */
#define MEMO_ANCHOR 2	/* + number */
#define DEPTH_MAX (1u << 24)
#define SMALL_CONTAINER 64 /* elements: keys of a smaller dict may be names */

int anchors_init(struct anchors *a, const struct reach *r)
{
	*a = (struct anchors){ 0 };
	a->slot = calloc(SLOTS, sizeof(*a->slot));
	if (!a->slot ||
	    pages_grow(&a->memo, &a->memos, r->parents.entries + r->lates, sizeof(*a->memo)) ||
	    ages_init(&a->ages, r)) {
		anchors_release(a);
		return -ENOMEM;
	}
	return 0;
}

void anchors_release(struct anchors *a)
{
	free(a->anchor);
	free(a->slot);
	pages_free(&a->memo, &a->memos, sizeof(*a->memo));
	ages_release(&a->ages);
	*a = (struct anchors){ 0 };
}

bool anchors_is_survivor(const struct reach *r, uint32_t block)
{
	const struct blocks *b = &r->history->now;
	unsigned birth = block < b->count && b->print[block] ? b->birth[block] & BIRTH_WALK : 0;

	return birth > 1 && birth < r->history->walks;
}

static bool memo_get(const struct anchors *a, const struct reach *r, uint32_t block,
		     uint32_t *anchor)
{
	size_t entry = parents_entry(&r->parents, block);

	if (entry >= a->memos || !a->memo[entry])
		return false;
	*anchor = a->memo[entry] == MEMO_NONE ? ANCHOR_NONE
					      : (uint32_t)a->memo[entry] - MEMO_ANCHOR;
	return true;
}

static void memo_set(struct anchors *a, const struct reach *r, uint32_t block, uint32_t anchor)
{
	size_t entry = parents_entry(&r->parents, block);

	_Static_assert(HOLDERS_MAX + MEMO_ANCHOR <= UINT16_MAX, "an anchor fits into a memo");
	if (entry < a->memos)
		a->memo[entry] = anchor == ANCHOR_NONE ? MEMO_NONE
						       : (uint16_t)(anchor + MEMO_ANCHOR);
}

/*
 * Do all elements of the container count together? Those of one whose size changed do, and those of
 * a large one that is not a namespace: its elements are replaced. Of small ones and namespaces each
 * slot is looked at by itself.
 */
static bool as_whole(const struct reach *r, uint32_t holder, unsigned edge)
{
	const struct py_type *type = types_get(r->types, reach_type(r, holder));
	uint32_t size[WALKS_MAX];
	uint32_t now;

	if (edge >= EDGE_FIELD && edge != EDGE_STORAGE)
		return false;
	if (history_sizes(r->history, holder, size))
		return true;
	if (!blocks_size(&r->history->now, holder, &now) || type->kind == KIND_BYTEARRAY)
		return false;
	return type->kind == KIND_SET || type->kind == KIND_DEQUE ||
	       (now > SMALL_CONTAINER && !ages_is_namespace(r, holder));
}

/* The anchor for what @holder holds by @edge. */
static uint32_t anchor_at(struct anchors *a, struct reach *r, uint32_t holder, unsigned edge)
{
	size_t h;

	if (as_whole(r, holder, edge))
		edge = EDGE_STORAGE;
	else if (edge < EDGE_FIELD)
		edge &= ~(unsigned)EDGE_KEY; /* a key leads to its entry's slot */
	h = (size_t)(((uint64_t)holder << 16 | edge) * 0x9E3779B97F4A7C15ull >> 24) % SLOTS;
	for (; a->slot[h]; h = (h + 1) % SLOTS) {
		const struct anchor *known = &a->anchor[a->slot[h] - 1];

		if (known->block == holder && known->edge == edge)
			return a->slot[h] - 1;
	}
	if (a->count == HOLDERS_MAX || grow(&a->anchor, &a->cap, a->count + 1, sizeof(*a->anchor)))
		return ANCHOR_NONE;
	a->anchor[a->count] =
		(struct anchor){ .block = holder, .edge = edge, .example = PARENT_NONE };
	a->slot[h] = (uint32_t)++a->count;
	return a->slot[h] - 1;
}

uint32_t anchors_of(struct anchors *a, struct reach *r, uint32_t block)
{
	uint32_t at = block, anchor = ANCHOR_NONE;

	for (uint32_t depth = 0; depth < DEPTH_MAX; depth++) {
		uint32_t parent = reach_parent(r, at);

		if (memo_get(a, r, at, &anchor))
			break;
		if (parent == PARENT_NONE || reach_is_root(parent))
			break;
		if (ages_old(&a->ages, r, parent)) {
			anchor = anchor_at(a, r, parent, reach_parent_edge(r, at));
			break;
		}
		at = parent;
	}
	/* the same way again, so that nobody walks it a third time: a list of a million links costs
	 * a million steps */
	for (uint32_t down = block, known;; down = reach_parent(r, down)) {
		if (memo_get(a, r, down, &known))
			return anchor;
		memo_set(a, r, down, anchor);
		if (down == at)
			return anchor;
	}
}

void anchors_count_newborn(struct anchors *a, struct reach *r, uint32_t block)
{
	uint32_t parent = reach_parent(r, block);
	uint32_t anchor = parent == PARENT_NONE ? ANCHOR_NONE : anchors_of(a, r, block);

	if (anchor == ANCHOR_NONE)
		return;
	a->anchor[anchor].newborn_objects++;
	if (parent == a->anchor[anchor].block && reach_parent_edge(r, block) < EDGE_KEY)
		a->anchor[anchor].newborn_elements++;
}

uint32_t anchors_of_container(struct anchors *a, struct reach *r, uint32_t block)
{
	return reach_parent(r, block) != PARENT_NONE && ages_old(&a->ages, r, block)
		       ? anchor_at(a, r, block, EDGE_STORAGE)
		       : ANCHOR_NONE;
}

void content_add(struct content *content, size_t most, unsigned type, uint64_t objects,
		 uint64_t bytes)
{
	for (size_t i = 0; i < most; i++) {
		if (content[i].objects && content[i].type != type)
			continue;
		content[i].type = type;
		content[i].objects += objects;
		content[i].bytes += bytes;
		return;
	}
}

/* Each survivor with the same chance, whatever their order. */
static void add_witness(struct anchor *to, uint32_t block)
{
	uint64_t at = to->witnesses++;

	if (at >= HOLDER_WITNESSES)
		at = (block * 0x9E3779B97F4A7C15ull >> 32) % to->witnesses;
	if (at < HOLDER_WITNESSES)
		to->witness[at] = block;
}

void anchors_charge(struct anchors *a, const struct types *types, uint32_t anchor, uint32_t block,
		    unsigned type, uint64_t bytes)
{
	struct anchor *to = &a->anchor[anchor];

	to->bytes += bytes;
	if (type == TYPE_NONE)
		return;
	to->objects++;
	if (to->example == PARENT_NONE)
		to->example = block;
	content_add(to->content, HOLDER_CONTENTS, type, 1, bytes);
	if (fingerprint_tells(types, types_get(types, type)))
		add_witness(to, block);
}
