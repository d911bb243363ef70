// SPDX-License-Identifier: Apache-2.0
#include "holders.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "anchors.h"
#include "fingerprint.h"
#include "kinds.h"
#include "path.h"

#define TYPES_COUNTED 65536
#define NATIVE_STEPS 64

static void note_unreached(struct holders *h, uint64_t *by_type, unsigned type, uint64_t size)
{
	if (type == TYPE_NONE) {
		h->native_blocks++;
		h->native_bytes += size;
		return;
	}
	h->unreached_objects++;
	h->unreached_bytes += size;
	by_type[type] += size;
}

bool holders_is_native(const struct reach *r, uint32_t block)
{
	/* beyond so many steps of raw memory it is C code's data structure, whoever holds that */
	for (unsigned steps = 0; steps < NATIVE_STEPS; steps++) {
		if (reach_type(r, block) != TYPE_NONE)
			return false;
		block = reach_parent(r, block);
		if (block == PARENT_NONE)
			return true;
		if (reach_is_root(block))
			return reach_root(r, block)->kind == ROOT_DATA ||
			       reach_root(r, block)->kind == ROOT_STACK;
	}
	return true;
}

/* Does C data lead to the block? A module or a frame that is new as a whole is no container. */
static bool hangs_from_data(const struct reach *r, uint32_t block)
{
	for (unsigned steps = 0; steps < NATIVE_STEPS; steps++) {
		block = reach_parent(r, block);
		if (block == PARENT_NONE || reach_is_root(block))
			return block != PARENT_NONE && reach_root(r, block)->kind == ROOT_DATA;
	}
	return false;
}

static void note_lost(struct holders *h, const struct reach *r, uint32_t block, uint64_t size)
{
	unsigned type = reach_type(r, block);

	if (!hangs_from_data(r, block))
		return;
	h->lost_bytes += size;
	if (type == TYPE_NONE)
		return;
	h->lost_objects++;
	h->lost_example = block;
	content_add(h->lost, UNREACHED_TYPES, type, 1, size);
}

static void count_newborn(struct holders *h, struct anchors *a, struct reach *r, uint32_t block)
{
	anchors_count_newborn(a, r, block);
	h->lost_newborn += reach_parent(r, block) != PARENT_NONE &&
			   anchors_of(a, r, block) == ANCHOR_NONE && hangs_from_data(r, block);
}

/* A survivor, or raw memory that belongs to one: to its anchor, or to those that nobody reaches. */
static void sort_block(struct holders *h, struct anchors *a, struct reach *r, uint64_t *by_type,
		       uint32_t block, const struct extent *x)
{
	unsigned type = reach_type(r, block);
	uint32_t owner = block, anchor;

	if (reach_parent(r, block) == PARENT_NONE) {
		/* churn leaves raw blocks where others were: only chunks, which differ in size, say
		 * something */
		if (type != TYPE_NONE || x->kind == EXTENT_CHUNK)
			note_unreached(h, by_type, type, x->size);
		return;
	}
	if (type == TYPE_NONE) {
		owner = reach_parent(r, block);
		if (reach_is_root(owner) || reach_type(r, owner) == TYPE_NONE ||
		    !anchors_is_survivor(r, owner)) {
			if (x->kind == EXTENT_CHUNK && holders_is_native(r, block))
				note_unreached(h, by_type, type, x->size);
			return;
		}
	}
	anchor = anchors_of(a, r, owner);
	h->survivors += type != TYPE_NONE;
	h->survivor_bytes += x->size;
	if (anchor == ANCHOR_NONE)
		note_lost(h, r, block, x->size);
	else
		anchors_charge(a, r->types, anchor, block, type, x->size);
}

/* Bytes that one element takes in the container's own memory, at least. */
static uint64_t element_bytes(const struct py_type *type)
{
	return type->kind == KIND_BYTEARRAY ? 1
	       : type->kind == KIND_DICT    ? 24
	       : type->kind == KIND_SET	    ? 16
					    : 8;
}

/* Containers that grew at every walk, whatever came into them: their own memory counts too. */
static void charge_containers(struct anchors *a, struct reach *r)
{
	const struct history *h = r->history;

	for (size_t i = 0; i < h->growths; i++) {
		const struct growth *g = &h->growth[i];
		bool grew = true;
		uint32_t anchor;

		for (unsigned k = 1; k < h->walks; k++)
			grew = grew && g->size[k - 1] != SIZE_UNKNOWN &&
			       g->size[k] > g->size[k - 1];
		anchor = grew ? anchors_of_container(a, r, g->block) : ANCHOR_NONE;
		if (anchor != ANCHOR_NONE)
			a->anchor[anchor].bytes +=
				(g->size[h->walks - 2] - g->size[0]) *
				element_bytes(types_get(r->types, reach_type(r, g->block)));
	}
}

static int sort_survivors(struct holders *h, struct anchors *a, struct reach *r)
{
	const struct blocks *b = &r->history->now;
	uint64_t *by_type = calloc(TYPES_COUNTED, sizeof(*by_type));

	if (!by_type)
		return -ENOMEM;
	for (size_t i = 0; i < b->extents; i++) {
		const struct extent *x = &b->extent[i];

		for (uint32_t n = x->first; n < x->first + x->count; n++)
			if (anchors_is_survivor(r, n))
				sort_block(h, a, r, by_type, n, x);
			else if ((b->birth[n] & BIRTH_WALK) == r->history->walks && b->print[n] &&
				 b->type[n] != TYPE_NONE)
				count_newborn(h, a, r, n);
	}
	for (size_t i = 0; i < UNREACHED_TYPES; i++) {
		unsigned most = 0;

		for (unsigned t = 1; t < TYPES_COUNTED; t++)
			if (by_type[t] > by_type[most])
				most = t;
		if (!by_type[most])
			break;
		h->unreached[i] = (struct content){ most, 0, by_type[most] };
		by_type[most] = 0;
	}
	free(by_type);
	return 0;
}

/* The bound that an object of that kind keeps at @offset: -1 where it has none, or is another. */
static int64_t bound_at(struct reach *r, uint32_t block, enum kind kind, uint32_t offset)
{
	struct object o;
	uint64_t most;

	reach_object(r, block, &o);
	if (!o.type || o.type->kind != kind || !remote_u64(r->mem, o.addr + offset, &most))
		return -1;
	return (int64_t)most;
}

/*
 * How many elements a container can have at most: a deque's maxlen (Modules/_collectionsmodule.c);
 * of a dict that is an lru_cache's, maxsize (Modules/_functoolsmodule.c). -1: no bound is known.
 */
static int64_t bound_of(struct reach *r, uint32_t block)
{
	const struct py_layout *l = &r->rt->layout;
	uint32_t parent = reach_parent(r, block);
	int64_t maxlen = bound_at(r, block, KIND_DEQUE, l->dq_maxlen);

	if (maxlen >= 0 || parent == PARENT_NONE || reach_is_root(parent))
		return maxlen;
	return bound_at(r, parent, KIND_LRU, l->lc_maxsize);
}

/* Objects whose own memory holds references and nothing else: a slot that is left is cleared. */
static bool keeps_references(const struct reach *r, uint32_t block)
{
	static const char *const names[] = { "_queue.SimpleQueue" }; /* from 3.13, a ring */
	unsigned type = block == PARENT_NONE || reach_is_root(block) ? TYPE_NONE
								     : reach_type(r, block);

	for (size_t i = 0; type != TYPE_NONE && i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(types_get(r->types, type)->name, names[i]) == 0)
			return true;
	return false;
}

/* Raw memory may be a container of C code, or a buffer with stale words in it. */
static bool through_raw(const struct reach *r, uint32_t block)
{
	while (block != PARENT_NONE && !reach_is_root(block)) {
		uint32_t parent = reach_parent(r, block);

		if (reach_type(r, block) == TYPE_NONE && !keeps_references(r, parent))
			return true;
		block = parent;
	}
	return false;
}

/* Sizes at all walks, also of a container that never changed. */
static void container_sizes(const struct reach *r, uint32_t block, uint32_t *size)
{
	uint32_t now = SIZE_UNKNOWN;

	if (history_sizes(r->history, block, size))
		return;
	blocks_size(&r->history->now, block, &now);
	for (unsigned i = 0; i < WALKS_MAX; i++)
		size[i] = i < r->history->walks ? now : SIZE_UNKNOWN;
}

static void describe(struct holder *to, struct reach *r, const struct anchor *from)
{
	const struct root *root = path_root(r, from->block);
	struct object o;
	uint64_t held, type = 0;
	unsigned number;

	*to = (struct holder){ .block = from->block,
			       .edge = from->edge,
			       .sized = from->edge == EDGE_STORAGE,
			       .objects = from->objects,
			       .bytes = from->bytes,
			       .siblings = 1,
			       .newborn_elements = from->newborn_elements,
			       .newborn_objects = from->newborn_objects,
			       .slots_of_one = 1,
			       .example = from->example,
			       .root = root ? root->kind : ROOT_DATA,
			       .bound = bound_of(r, from->block) };
	memcpy(to->content, from->content, sizeof(to->content));
	memcpy(to->witness, from->witness, sizeof(to->witness));
	to->witnesses = from->witnesses < HOLDER_WITNESSES ? (unsigned)from->witnesses
							   : HOLDER_WITNESSES;
	memset(to->size, 0xff, sizeof(to->size));
	reach_object(r, from->block, &o);
	if (to->sized) {
		container_sizes(r, from->block, to->size);
		to->word[0] = kinds_size_word(r, &o);
		path_write(r, from->block, to->path, sizeof(to->path));
		snprintf(to->type, sizeof(to->type), "%s", o.type ? o.type->name : "?");
	} else {
		to->word[0] = kinds_slot(r, &o, from->edge);
		path_write_slot(r, from->block, from->edge, to->path, sizeof(to->path));
		if (to->word[0] && remote_u64(r->mem, to->word[0], &held) &&
		    remote_plausible(held & ~7ull))
			remote_u64(r->mem, (held & ~7ull) + r->rt->layout.ob_type, &type);
		number = types_at(r->types, type);
		if (number != TYPE_NONE)
			snprintf(to->type, sizeof(to->type), "%s",
				 types_get(r->types, number)->name);
	}
	to->through_raw =
		through_raw(r, from->example != PARENT_NONE ? from->example : from->block);
	to->words = to->word[0] != 0;
	if (!to->sized)
		to->chain = chain_find(r, from->example);
}

/* The fastest growing's, and with more siblings ever fewer of each. */
static void merge_witnesses(struct holder *to, const struct holder *from)
{
	for (unsigned i = 0; i < from->witnesses; i++)
		if (to->witnesses < HOLDER_WITNESSES)
			to->witness[to->witnesses++] = from->witness[i];
		else if (i % to->siblings == 0)
			to->witness[i] = from->witness[i];
}

unsigned holders_gone(const struct holder *h, const struct reach *r)
{
	unsigned gone = 0;

	for (unsigned i = 0; i < h->witnesses; i++)
		gone += !fingerprint_holds(r, h->witness[i]);
	return gone;
}

/* Add a sibling: another holder with the same path and type. */
static void merge(struct holder *to, const struct holder *from)
{
	to->objects += from->objects;
	to->bytes += from->bytes;
	to->siblings += from->siblings;
	to->slots_of_one += from->block == to->block && !to->sized;
	to->newborn_elements += from->newborn_elements;
	to->newborn_objects += from->newborn_objects;
	for (unsigned i = 0; i < from->words && to->words < HOLDER_WORDS; i++)
		to->word[to->words++] = from->word[i];
	merge_witnesses(to, from);
	for (unsigned i = 0; i < WALKS_MAX; i++)
		if (to->size[i] != SIZE_UNKNOWN && from->size[i] != SIZE_UNKNOWN)
			to->size[i] += from->size[i];
	for (unsigned i = 0; i < HOLDER_CONTENTS && from->content[i].objects; i++)
		content_add(to->content, HOLDER_CONTENTS, from->content[i].type,
			    from->content[i].objects, from->content[i].bytes);
}

static int by_bytes_anchor(const void *a, const void *b)
{
	const struct anchor *x = a, *y = b;

	return (x->bytes < y->bytes) - (x->bytes > y->bytes);
}

static int by_bytes(const void *a, const void *b)
{
	const struct holder *x = a, *y = b;

	return (x->bytes < y->bytes) - (x->bytes > y->bytes);
}

static int by_content_bytes(const void *a, const void *b)
{
	const struct content *x = a, *y = b;

	return (x->bytes < y->bytes) - (x->bytes > y->bytes);
}

static int group(struct holders *h, struct reach *r, struct anchors *a)
{
	struct holder one;

	if (!a->count)
		return 0;
	qsort(a->anchor, a->count, sizeof(*a->anchor), by_bytes_anchor);
	h->holder = calloc(a->count, sizeof(*h->holder));
	if (!h->holder)
		return -ENOMEM;
	for (size_t i = 0; i < a->count; i++) {
		size_t same;

		if (!a->anchor[i].bytes)
			continue;
		describe(&one, r, &a->anchor[i]);
		for (same = 0; same < h->count; same++)
			if (h->holder[same].sized == one.sized &&
			    strcmp(h->holder[same].path, one.path) == 0 &&
			    strcmp(h->holder[same].type, one.type) == 0)
				break;
		if (same < h->count)
			merge(&h->holder[same], &one);
		else
			h->holder[h->count++] = one;
	}
	qsort(h->holder, h->count, sizeof(*h->holder), by_bytes);
	for (size_t i = 0; i < h->count; i++)
		qsort(h->holder[i].content, HOLDER_CONTENTS, sizeof(struct content),
		      by_content_bytes);
	return 0;
}

int holders_find(struct holders *h, struct reach *r)
{
	const struct history *walks = r->history;
	struct anchors anchors;
	int err;

	*h = (struct holders){ 0 };
	if (walks->walks < 3)
		return -EINVAL;
	h->interval = walks->total[walks->walks - 2].seconds - walks->total[0].seconds;
	err = anchors_init(&anchors, r);
	if (err)
		return err;
	err = sort_survivors(h, &anchors, r);
	if (!err) {
		charge_containers(&anchors, r);
		err = group(h, r, &anchors);
	}
	anchors_release(&anchors);
	return err;
}

void holders_release(struct holders *h)
{
	free(h->holder);
	*h = (struct holders){ 0 };
}
