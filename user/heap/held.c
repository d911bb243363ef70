// SPDX-License-Identifier: Apache-2.0
#include "held.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../util/pages.h"
#include "weights.h"

#define UNIT WEIGHTS_UNIT
#define STEPS_DOWN 12

struct search {
	struct reach *r;
	struct held_list *list;
	uint32_t count;	  /* of blocks, late ones too */
	uint32_t *weight; /* by block: units under it */
	uint32_t *name;	  /* by block: the number + 1 of the name it hangs from */
	uint8_t *space;	  /* bit by block: a module's dict */
};

static bool get(const uint8_t *bits, uint32_t block)
{
	return bits[block / 8] >> block % 8 & 1;
}

static uint32_t parent_of(const struct search *s, uint32_t block)
{
	return reach_parent(s->r, block);
}

static bool is_inner(uint32_t parent)
{
	return parent != PARENT_NONE && !reach_is_root(parent);
}

/* Sums go up from the leaves. */
static int sum_up(struct search *s)
{
	size_t cap = 0;
	uint32_t *up = NULL;
	int err = pages_grow(&up, &cap, (size_t)s->count + 1, sizeof(*up));

	for (uint32_t n = 0; !err && n < s->count; n++)
		up[n] = parent_of(s, n);
	if (!err)
		err = weights_sum_up(up, s->weight, s->count);
	pages_free(&up, &cap, sizeof(*up));
	return err;
}

/* Dicts of modules: what they hold has a name at the top. */
static void find_spaces(struct search *s)
{
	const struct reach *r = s->r;
	for (uint32_t n = 0; n < s->count; n++) {
		uint32_t up = parent_of(s, n);

		if (is_inner(up) && reach_parent_edge(r, n) == EDGE_DICT &&
		    reach_is_root(parent_of(s, up)) &&
		    reach_root(r, parent_of(s, up))->kind == ROOT_MODULE &&
		    types_get(r->types, reach_type(r, up))->kind == KIND_MODULE)
			s->space[n / 8] |= (uint8_t)(1u << n % 8);
	}
}

/* Is @block what a name at the top stands for? A module itself is none: its names are. */
static bool is_name(const struct search *s, uint32_t block)
{
	uint32_t up = parent_of(s, block);

	if (up == PARENT_NONE)
		return false;
	if (reach_is_root(up))
		return types_get(s->r->types, reach_type(s->r, block))->kind != KIND_MODULE;
	return get(s->space, up) && reach_parent_edge(s->r, block) < EDGE_KEY;
}

/* Number of the root that holds @block directly. */
static size_t root_of(const struct search *s, uint32_t block)
{
	return (size_t)(reach_root(s->r, parent_of(s, block)) - s->r->root);
}

/* Keep the heaviest, in order. */
static void insert(struct search *s, uint32_t block)
{
	struct held_list *list = s->list;
	uint64_t bytes = (uint64_t)s->weight[block] * UNIT;
	unsigned at = list->count < HELD_MAX ? list->count++ : HELD_MAX - 1;

	while (at && list->held[at - 1].bytes < bytes) {
		list->held[at] = list->held[at - 1];
		at--;
	}
	list->held[at] = (struct held){
		.block = block, .bytes = bytes, .mostly = block, .mostly_bytes = bytes
	};
}

static void choose(struct search *s)
{
	struct held_list *list = s->list;
	uint64_t bytes;

	for (uint32_t n = 0; n < s->count; n++) {
		if (reach_is_root(parent_of(s, n))) {
			list->bytes += (uint64_t)s->weight[n] * UNIT;
			list->root[root_of(s, n)].bytes += (uint64_t)s->weight[n] * UNIT;
		}
		bytes = (uint64_t)s->weight[n] * UNIT;
		if (is_name(s, n) &&
		    (list->count < HELD_MAX || bytes > list->held[HELD_MAX - 1].bytes))
			insert(s, n);
	}
}

/* One step down from every name at once, to the child with most of it; false where nobody went. */
static bool step_down(struct search *s)
{
	uint32_t best[HELD_MAX];
	struct held_list *list = s->list;
	bool went = false;

	for (unsigned i = 0; i < list->count; i++) {
		best[i] = list->held[i].mostly;
		s->name[best[i]] = i + 1;
	}
	for (uint32_t n = 0; n < s->count; n++) {
		uint32_t up = parent_of(s, n), i = is_inner(up) ? s->name[up] : 0;

		if (i && (best[i - 1] == up || s->weight[n] > s->weight[best[i - 1]]))
			best[i - 1] = n;
	}
	for (unsigned i = 0; i < list->count; i++) {
		struct held *held = &list->held[i];
		uint64_t bytes = (uint64_t)s->weight[best[i]] * UNIT;

		s->name[held->mostly] = 0;
		if (best[i] == held->mostly || bytes < HELD_MOSTLY * (double)held->bytes ||
		    reach_parent_edge(s->r, best[i]) == EDGE_STORAGE)
			continue;
		held->mostly = best[i];
		held->mostly_bytes = bytes;
		went = true;
	}
	return went;
}

/* The number in the list + 1 of the name that @block hangs from, HELD_MAX + 1 for any other. */
static uint32_t name_of(struct search *s, uint32_t block)
{
	uint32_t at = block, number;

	while (!s->name[at] && is_inner(parent_of(s, at)))
		at = parent_of(s, at);
	number = s->name[at] ? s->name[at] : HELD_MAX + 1;
	for (at = block; !s->name[at]; at = parent_of(s, at)) {
		s->name[at] = number;
		if (!is_inner(parent_of(s, at)))
			break;
	}
	return number;
}

static void keep_largest(struct held_content *content, const struct held_content *one, bool objects)
{
	unsigned at = HELD_CONTENTS - 1;
	struct held_content *last = &content[at];

	if (objects ? one->objects <= last->objects : one->bytes <= last->bytes)
		return;
	while (at && (objects ? content[at - 1].objects < one->objects
			      : content[at - 1].bytes < one->bytes)) {
		content[at] = content[at - 1];
		at--;
	}
	content[at] = *one;
}

/* What each name holds, by type: @sum has a row of HELD_TYPES_MAX for each, and one for what is
 * unreached. */
static void count_block(struct search *s, struct held_content *sum, uint32_t block, uint64_t size)
{
	unsigned type = reach_type(s->r, block), row;

	if (parent_of(s, block) == PARENT_NONE) {
		if (type == TYPE_NONE)
			return;
		s->list->unreached_objects++;
		s->list->unreached_bytes += size;
		row = HELD_MAX;
	} else {
		s->list->objects += type != TYPE_NONE;
		row = name_of(s, block) - 1;
		if (row >= s->list->count)
			return;
		s->list->held[row].objects += type != TYPE_NONE;
	}
	if (type < HELD_TYPES_MAX) {
		struct held_content *content = &sum[row * HELD_TYPES_MAX + type];

		content->type = type;
		content->objects++;
		content->bytes += size;
	}
}

static int count_contents(struct search *s)
{
	const struct blocks *b = &s->r->history->now;
	struct held_list *list = s->list;
	struct held_content *sum = calloc((HELD_MAX + 1) * HELD_TYPES_MAX, sizeof(*sum));

	if (!sum)
		return -ENOMEM;
	for (unsigned i = 0; i < list->count; i++)
		s->name[list->held[i].block] = i + 1;
	for (size_t i = 0; i < b->extents; i++) {
		const struct extent *x = &b->extent[i];

		for (uint32_t n = x->first; n < x->first + x->count; n++)
			if (b->print[n])
				count_block(s, sum, n, x->size);
	}
	for (uint32_t n = b->count; n < s->count; n++)
		count_block(s, sum, n, s->r->late[n - b->count].size);
	for (unsigned row = 0; row <= HELD_MAX; row++) {
		for (unsigned type = 0; type < HELD_TYPES_MAX; type++)
			keep_largest(row < HELD_MAX ? list->held[row].content : list->content,
				     &sum[row * HELD_TYPES_MAX + type], row == HELD_MAX);
	}
	free(sum);
	return 0;
}

/* The same sums again, of objects instead of bytes. */
static int count_roots(struct search *s)
{
	const struct blocks *b = &s->r->history->now;
	int err;

	for (uint32_t n = 0; n < s->count; n++)
		s->weight[n] = (n >= b->count || b->print[n]) && reach_type(s->r, n) != TYPE_NONE;
	err = sum_up(s);
	for (uint32_t n = 0; n < s->count; n++)
		if (reach_is_root(parent_of(s, n)))
			s->list->root[root_of(s, n)].objects += s->weight[n];
	return err;
}

void held_release(struct held_list *list)
{
	free(list->root);
	*list = (struct held_list){ 0 };
}

int held_find(struct held_list *list, struct reach *r)
{
	struct search s = { .r = r,
			    .list = list,
			    .count = r->history->now.count + (uint32_t)r->lates };
	int err = -ENOMEM;

	*list = (struct held_list){ 0 };
	s.weight = calloc(s.count + 1, sizeof(*s.weight));
	s.space = calloc(s.count / 8 + 1, 1);
	list->root = calloc(r->roots + 1, sizeof(*list->root));
	if (s.weight && s.space && list->root) {
		weights_of_blocks(r, s.weight);
		err = sum_up(&s);
	}
	if (!err)
		s.name = calloc(s.count + 1, sizeof(*s.name));
	if (s.name) {
		find_spaces(&s);
		choose(&s);
		for (int i = 0; i < STEPS_DOWN && step_down(&s); i++)
			;
		err = count_contents(&s);
	} else {
		err = -ENOMEM;
	}
	if (!err)
		err = count_roots(&s);
	free(s.weight);
	free(s.name);
	free(s.space);
	return err;
}
