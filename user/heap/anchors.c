// SPDX-License-Identifier: Apache-2.0
#include "anchors.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../util/grow.h"

#define SLOTS (HOLDERS_MAX * 4)
#define MEMOS_FIRST 65536
#define DEPTH_MAX (1u << 24)
#define SMALL_CONTAINER 64 /* elements: keys of a smaller dict may be names */

int anchors_init(struct anchors *a, const struct reach *r)
{
	*a = (struct anchors){ .memos = MEMOS_FIRST };
	a->slot = calloc(SLOTS, sizeof(*a->slot));
	a->memo = calloc(a->memos, sizeof(*a->memo));
	if (!a->slot || !a->memo || ages_init(&a->ages, r)) {
		anchors_release(a);
		return -ENOMEM;
	}
	return 0;
}

void anchors_release(struct anchors *a)
{
	free(a->anchor);
	free(a->slot);
	free(a->memo);
	ages_release(&a->ages);
	*a = (struct anchors){ 0 };
}

bool anchors_is_survivor(const struct reach *r, uint32_t block)
{
	const struct blocks *b = &r->history->now;
	unsigned birth = block < b->count && b->print[block] ? b->birth[block] & BIRTH_WALK : 0;

	return birth > 1 && birth < r->history->walks;
}

/* A memo is block + 1 in the high half and the anchor in the low half. */
static uint64_t *memo_at(struct anchors *a, uint32_t block)
{
	size_t h = (size_t)(block * 0x9E3779B97F4A7C15ull >> 24) & (a->memos - 1);

	while (a->memo[h] && a->memo[h] >> 32 != block + 1ull)
		h = (h + 1) & (a->memos - 1);
	return &a->memo[h];
}

static int memo_add(struct anchors *a, uint32_t block, uint32_t anchor)
{
	uint64_t *at;

	if (a->memo_count * 2 >= a->memos) {
		uint64_t *old = a->memo;
		size_t count = a->memos;

		a->memo = calloc(count * 2, sizeof(*a->memo));
		if (!a->memo) {
			a->memo = old;
			return -ENOMEM;
		}
		a->memos = count * 2;
		for (size_t i = 0; i < count; i++)
			if (old[i])
				*memo_at(a, (uint32_t)(old[i] >> 32) - 1) = old[i];
		free(old);
	}
	at = memo_at(a, block);
	a->memo_count += !*at;
	*at = (block + 1ull) << 32 | anchor;
	return 0;
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
	const struct sized *now;

	if (edge >= EDGE_FIELD && edge != EDGE_STORAGE)
		return false;
	if (history_sizes(r->history, holder, size))
		return true;
	now = blocks_sized(&r->history->now, holder);
	if (!now || type->kind == KIND_BYTEARRAY)
		return false;
	return type->kind == KIND_SET || type->kind == KIND_DEQUE ||
	       (now->size > SMALL_CONTAINER && !ages_is_namespace(r, holder));
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
		uint64_t memo = *memo_at(a, at);
		uint32_t parent = r->parent[at];

		if (memo) {
			anchor = (uint32_t)memo;
			break;
		}
		if (parent == PARENT_NONE || reach_is_root(parent))
			break;
		if (ages_old(&a->ages, r, parent)) {
			anchor = anchor_at(a, r, parent, r->edge[at]);
			break;
		}
		at = parent;
	}
	/* the same way again, so that nobody walks it a third time: a list of a million links costs
	 * a million steps */
	for (uint32_t down = block;; down = r->parent[down]) {
		if (*memo_at(a, down) || memo_add(a, down, anchor) || down == at)
			return anchor;
	}
}

void anchors_count_newborn(struct anchors *a, struct reach *r, uint32_t block)
{
	uint32_t anchor = r->parent[block] == PARENT_NONE ? ANCHOR_NONE : anchors_of(a, r, block);

	if (anchor == ANCHOR_NONE)
		return;
	a->anchor[anchor].newborn_objects++;
	if (r->parent[block] == a->anchor[anchor].block && r->edge[block] < EDGE_KEY)
		a->anchor[anchor].newborn_elements++;
}

uint32_t anchors_of_container(struct anchors *a, struct reach *r, uint32_t block)
{
	return r->parent[block] != PARENT_NONE && ages_old(&a->ages, r, block)
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

void anchors_charge(struct anchors *a, uint32_t anchor, uint32_t block, unsigned type,
		    uint64_t bytes)
{
	struct anchor *to = &a->anchor[anchor];

	to->bytes += bytes;
	if (type == TYPE_NONE)
		return;
	to->objects++;
	if (to->example == PARENT_NONE)
		to->example = block;
	content_add(to->content, HOLDER_CONTENTS, type, 1, bytes);
}
