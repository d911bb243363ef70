// SPDX-License-Identifier: Apache-2.0
#include "dominators.h"

#include <errno.h>

#include "../util/pages.h"
#include "weights.h"

struct tree {
	uint32_t *up;
	uint32_t *depth; /* in the tree of shortest paths: a block's dominators have less */
	uint32_t *stamp; /* the join at which the way up from here was last gone */
	size_t depth_cap, stamp_cap;
};

static bool is_inner(uint32_t parent)
{
	return parent != PARENT_NONE && !reach_is_root(parent);
}

static bool is_raw(const struct reach *r, uint32_t block)
{
	return reach_type(r, block) == TYPE_NONE;
}

/* C memory is believed only about what nothing better leads to. */
static bool is_believed(const struct reach *r, uint32_t from, uint32_t parent)
{
	bool unsure = from == PARENT_NONE ? r->adding.kind >= ROOT_DATA : is_raw(r, from);

	if (!unsure)
		return true;
	return reach_is_root(parent) ? reach_root(r, parent)->kind >= ROOT_DATA
				     : is_raw(r, parent);
}

/* A reference to a block that is reached already is one beyond its first. */
static void note(void *arg, uint32_t from, unsigned edge, uint32_t to)
{
	struct dominators *d = arg;
	const struct reach *r = d->r;
	uint32_t parent = reach_parent(r, to);
	size_t most = DOMINATORS_EXTRA(r->history->now.count);

	if (parent == PARENT_NONE || from == parent || from == to || edge == EDGE_STORAGE ||
	    !is_believed(r, from, parent))
		return;
	if (from == PARENT_NONE)
		from = DOMINATORS_TOP;
	if (pages_grow(&d->head, &d->head_cap, (size_t)to + 1, sizeof(*d->head))) {
		d->err = -ENOMEM;
		return;
	}
	if (d->head[to] && d->extra[d->head[to] - 1].from == from)
		return;
	if (d->extras == most) {
		d->at_most = true;
		return;
	}
	if (pages_grow(&d->extra, &d->extra_cap, d->extras + 1, sizeof(*d->extra)) ||
	    pages_grow(&d->join, &d->join_cap, d->joins + 1, sizeof(*d->join))) {
		d->err = -ENOMEM;
		return;
	}
	if (!d->head[to])
		d->join[d->joins++] = to;
	d->extra[d->extras] = (struct extra){ from, d->head[to] };
	d->head[to] = (uint32_t)++d->extras;
}

/* The tree of shortest paths, all roots being one, and how deep each block hangs in it. */
static void plant(const struct dominators *d, struct tree *t)
{
	for (uint32_t n = 0; n < d->count; n++) {
		uint32_t parent = reach_parent(d->r, n);

		t->up[n] = is_inner(parent)	   ? parent
			   : parent == PARENT_NONE ? PARENT_NONE
						   : DOMINATORS_TOP;
	}
	for (uint32_t n = 0; n < d->count; n++) {
		uint32_t depth = 1, at = n;

		for (; t->up[at] < DOMINATORS_TOP && !t->depth[at]; at = t->up[at])
			depth++;
		if (t->depth[at])
			depth += t->depth[at] - 1;
		for (at = n; !t->depth[at]; at = t->up[at]) {
			t->depth[at] = depth--;
			if (t->up[at] >= DOMINATORS_TOP)
				break;
		}
	}
}

/* Where the ways up from @common and from @from meet. Ways that were gone for the same join before
 * lead to @common already. */
static uint32_t meet(struct dominators *d, const struct tree *t, uint32_t common, uint32_t from,
		     uint32_t stamp)
{
	uint32_t at = from;

	while (at != common) {
		d->steps++;
		if (common == DOMINATORS_TOP || at >= DOMINATORS_TOP)
			return DOMINATORS_TOP;
		if (t->depth[at] > t->depth[common]) {
			if (t->stamp[at] == stamp)
				return common;
			t->stamp[at] = stamp;
			at = t->up[at];
		} else {
			common = t->up[common];
		}
	}
	return common;
}

/* One pass over all joins; false where nothing moved. */
static bool move_up(struct dominators *d, const struct tree *t, uint32_t *stamp)
{
	bool moved = false;

	d->passes++;
	for (size_t i = 0; i < d->joins && d->steps < DOMINATORS_STEPS_MAX; i++) {
		uint32_t block = d->join[i], common = t->up[block];
		uint32_t first = reach_parent(d->r, block);

		++*stamp;
		/* its first parent may have moved from under the block's dominator */
		if (common != DOMINATORS_TOP)
			common = meet(d, t, common, is_inner(first) ? first : DOMINATORS_TOP,
				      *stamp);
		for (uint32_t e = d->head[block]; e && common != DOMINATORS_TOP;
		     e = d->extra[e - 1].next)
			common = meet(d, t, common, d->extra[e - 1].from, *stamp);
		moved |= common != t->up[block];
		t->up[block] = common;
	}
	return moved;
}

static void release_finding(struct dominators *d, struct tree *t)
{
	pages_free(&t->depth, &t->depth_cap, sizeof(*t->depth));
	pages_free(&t->stamp, &t->stamp_cap, sizeof(*t->stamp));
	pages_free(&d->head, &d->head_cap, sizeof(*d->head));
	pages_free(&d->extra, &d->extra_cap, sizeof(*d->extra));
	pages_free(&d->join, &d->join_cap, sizeof(*d->join));
}

void dominators_init(struct dominators *d, const struct reach *r)
{
	*d = (struct dominators){ .r = r };
	d->sink = (struct reach_sink){ note, d };
}

int dominators_find(struct dominators *d)
{
	struct tree t = { 0 };
	uint32_t stamp = 0;
	size_t need;

	d->count = d->r->history->now.count + (uint32_t)d->r->lates;
	need = (size_t)d->count + 1;
	if (!d->err && (pages_grow(&d->up, &d->up_cap, need, sizeof(*d->up)) ||
			pages_grow(&d->head, &d->head_cap, need, sizeof(*d->head)) ||
			pages_grow(&t.depth, &t.depth_cap, need, sizeof(*t.depth)) ||
			pages_grow(&t.stamp, &t.stamp_cap, need, sizeof(*t.stamp))))
		d->err = -ENOMEM;
	if (!d->err) {
		t.up = d->up;
		plant(d, &t);
		while (move_up(d, &t, &stamp) && d->steps < DOMINATORS_STEPS_MAX)
			;
		d->at_most |= d->steps >= DOMINATORS_STEPS_MAX;
	}
	release_finding(d, &t);
	if (!d->err && pages_grow(&d->weight, &d->weight_cap, need, sizeof(*d->weight)))
		d->err = -ENOMEM;
	if (!d->err) {
		weights_of_blocks(d->r, d->weight);
		d->err = weights_sum_up(d->up, d->weight, d->count);
	}
	return d->err;
}

void dominators_release(struct dominators *d)
{
	struct tree none = { 0 };

	release_finding(d, &none);
	pages_free(&d->up, &d->up_cap, sizeof(*d->up));
	pages_free(&d->weight, &d->weight_cap, sizeof(*d->weight));
}
