// SPDX-License-Identifier: Apache-2.0
#include "reach.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../util/grow.h"
#include "../util/pages.h"
#include "kinds.h"
#include "late.h"
#include "roots.h"

#define CHUNK_WORDS 512
#define HEAD_BYTES 128 /* of a block that types_identify() needs */
#define WAVE_SORTED (1u << 16) /* blocks: fewer fit into the reader's cache as they come */
#define QUEUE_FORGET (1u << 18) /* visited blocks given back at a time: 1 MiB */

unsigned reach_type(const struct reach *r, uint32_t block)
{
	uint32_t count = r->history->now.count;

	return block < count ? r->history->now.type[block] : r->late[block - count].type;
}

/* One walk alone cannot tell what is young: then everything counts as settled. */
static bool settled(const struct reach *r, uint32_t block)
{
	const struct blocks *b = &r->history->now;

	return block < b->count && b->print[block] &&
	       ((b->birth[block] & BIRTH_WALK) < r->history->walks || r->history->walks == 1);
}

void reach_object(const struct reach *r, uint32_t block, struct object *o)
{
	unsigned number = reach_type(r, block);

	o->block = block;
	if (block < r->history->now.count) {
		o->start = blocks_addr(&r->history->now, block, &o->size, NULL);
	} else {
		o->start = r->late[block - r->history->now.count].addr;
		o->size = r->late[block - r->history->now.count].size;
	}
	o->type = number == TYPE_NONE ? NULL : types_get(r->types, number);
	o->addr = o->start + (o->type ? types_offset(r->types, number, o->size) : 0);
	o->young = !settled(r, block);
}

bool reach_may_read_live(struct reach *r, unsigned reads)
{
	if (r->live_left < reads)
		return false;
	r->live_left -= reads;
	return true;
}

bool reach_read(struct reach *r, const struct object *o, uint64_t addr, void *buf, size_t len)
{
	return o->young && reach_may_read_live(r, 1) ? reader_fresh(r->reader, addr, buf, len)
						     : reader_copy(r->reader, addr, buf, len);
}

/* Does a pointer @to fit the block? An object's slot holds exactly the object; other words may
 * point into raw memory. */
static bool fits(const struct reach *r, uint32_t block, uint64_t start, uint64_t size, uint64_t to,
		 bool is_object)
{
	unsigned number = reach_type(r, block);

	if (number == TYPE_NONE)
		return !is_object;
	return to == start + types_offset(r->types, number, size);
}

/* What is in a block of the table now, which was not settled or did not fit. */
static void identify_again(struct reach *r, uint32_t block, uint64_t start, uint64_t size)
{
	struct blocks *b = &r->history->now;
	uint8_t bytes[HEAD_BYTES];
	size_t have = size < sizeof(bytes) ? size : sizeof(bytes);
	uint32_t offset;
	unsigned number;

	if (!reach_may_read_live(r, 1) || !reader_fresh(r->reader, start, bytes, have))
		return;
	number = types_identify(r->types, bytes, have, size, &offset);
	if (number != b->type[block]) {
		/* no leaf any more, perhaps, but without an entry: it will be a late block */
		if (parents_entry(&r->parents, block) == ENTRY_NONE)
			return;
		/* another object since the walk: nobody's survivor */
		b->birth[block] = (uint8_t)r->history->walks;
		b->print[block] = PRINT_LATER;
	}
	b->type[block] = (uint16_t)number;
	b->birth[block] |= BIRTH_CHECKED;
}

/* The block that @to points to, identified as it is now, or BLOCK_NONE. */
static uint32_t resolve(struct reach *r, uint64_t to, bool is_object)
{
	struct blocks *b = &r->history->now;
	uint64_t start, size;
	uint32_t block = blocks_find(b, to, &start, &size);
	struct object late;

	if (block != BLOCK_NONE && settled(r, block)) {
		if (fits(r, block, start, size, to, is_object))
			return block;
		/* raw memory that a slot leads to is an object of a type without its usual prefix:
		 * not one of ours */
		if (!is_object || (b->type[block] == TYPE_NONE && to == start))
			return BLOCK_NONE;
	}
	if (block != BLOCK_NONE && b->print[block]) {
		if (!(b->birth[block] & BIRTH_CHECKED))
			identify_again(r, block, start, size);
		if (fits(r, block, start, size, to, is_object))
			return block;
	}
	block = late_find(r, to);
	if (block == BLOCK_NONE)
		return BLOCK_NONE;
	reach_object(r, block, &late);
	return fits(r, block, late.start, late.size, to, is_object) ? block : BLOCK_NONE;
}

uint32_t reach_resolve(struct reach *r, uint64_t to)
{
	return remote_plausible(to) ? resolve(r, to, true) : BLOCK_NONE;
}

static bool push(struct reach *r, uint32_t block)
{
	if (pages_grow(&r->queue, &r->queue_cap, r->tail + 1, sizeof(*r->queue))) {
		r->err = -ENOMEM;
		return false;
	}
	r->queue[r->tail++] = block;
	return true;
}

/* Raw memory holds stale words: whatever an object leads to is better named by that. */
static void put_off(struct reach *r, uint32_t block)
{
	if (pages_grow(&r->raw, &r->raw_cap, r->raws + 1, sizeof(*r->raw)))
		r->err = -ENOMEM;
	else
		r->raw[r->raws++] = block;
}

/* Was it there at the first walk? */
static bool is_first(const struct reach *r, uint32_t block)
{
	const struct blocks *b = &r->history->now;

	return block < b->count && b->print[block] && (b->birth[block] & BIRTH_WALK) == 1;
}

/* Its class is held too, which perhaps nothing else leads to. */
static void note_class(struct reach *r, unsigned number, uint32_t block)
{
	r->instance[number] = block + 1;
	r->classes = true;
}

static void follow(struct reach *r, uint32_t block, uint32_t parent, unsigned edge)
{
	unsigned number = reach_type(r, block);

	parents_set(&r->parents, block, parent, edge);
	if (parents_entry(&r->parents, block) == ENTRY_NONE && reach_edge_tells_age(parent, edge))
		parents_count_leaf(&r->parents, parent);
	r->reached++;
	if (!r->instance[number])
		note_class(r, number, block);
	if (number == TYPE_NONE)
		put_off(r, block);
	else if (types_get(r->types, number)->kind != KIND_LEAF)
		push(r, block);
}

/* Into another module, or by a function into the globals of one. */
static bool leaves_module(const struct reach *r, uint32_t block, uint32_t parent, unsigned edge)
{
	if (reach_is_root(parent))
		return false;
	return types_get(r->types, reach_type(r, block))->kind == KIND_MODULE ||
	       (edge == (EDGE_FIELD | r->rt->layout.fu_globals / 8) &&
		types_get(r->types, reach_type(r, parent))->kind == KIND_FUNCTION);
}

static void leave_for_later(struct reach *r, uint32_t block, uint32_t parent, unsigned edge)
{
	if (grow(&r->later, &r->later_cap, r->laters + 1, sizeof(*r->later)))
		r->err = -ENOMEM;
	else
		r->later[r->laters++] = (struct reach_later){ block, parent, (uint16_t)edge };
}

/* @parent leads to @block. */
static void reached(struct reach *r, uint32_t block, uint32_t parent, unsigned edge)
{
	if (r->sink)
		r->sink->edge(r->sink->arg, reach_is_root(parent) ? PARENT_NONE : parent, edge,
			      block);
	if (r->visiting || parents_reached(&r->parents, block))
		return;
	if (r->own_only && leaves_module(r, block, parent, edge))
		leave_for_later(r, block, parent, edge);
	else
		follow(r, block, parent, edge);
}

/* Does a settled block of raw memory begin at @to? */
static bool is_raw(const struct reach *r, uint64_t to)
{
	uint64_t start;
	uint32_t block = blocks_find(&r->history->now, to, &start, NULL);

	return block != BLOCK_NONE && start == to && settled(r, block) &&
	       reach_type(r, block) == TYPE_NONE;
}

void reach_edge(struct reach *r, uint32_t from, unsigned edge, uint64_t at, uint64_t to,
		bool is_object)
{
	uint32_t block;

	if (!remote_plausible(to) || to < r->spans->lo)
		return;
	r->edges++;
	block = resolve(r, to, is_object);
	if (block == BLOCK_NONE && is_object && !is_raw(r, to) && late_may_hold(r, to)) {
		uint64_t now;

		if (reach_may_read_live(r, 1) && reader_fresh(r->reader, at, &now, sizeof(now)) &&
		    remote_plausible(now & ~7ull)) {
			block = resolve(r, now & ~7ull, true);
			r->mended += block != BLOCK_NONE;
		}
		r->missed += block == BLOCK_NONE;
	}
	if (block != BLOCK_NONE)
		reached(r, block, from, edge);
}

void reach_words(struct reach *r, const struct object *o, uint64_t addr, uint64_t count,
		 unsigned edge, uint64_t first, unsigned most, bool is_object)
{
	uint64_t word[CHUNK_WORDS];

	for (uint64_t done = 0; done < count;) {
		uint64_t n = count - done < CHUNK_WORDS ? count - done : CHUNK_WORDS;

		if (!reach_read(r, o, addr + done * 8, word, n * 8))
			return;
		for (uint64_t i = 0; i < n; i++) {
			uint64_t index = first + done + i;

			if (word[i])
				reach_edge(r, o->block,
					   edge | (index < most ? (unsigned)index : most),
					   addr + (done + i) * 8, word[i], is_object);
		}
		done += n;
	}
}

void reach_storage(struct reach *r, const struct object *o, uint64_t addr)
{
	uint32_t block;

	if (!remote_plausible(addr))
		return;
	block = blocks_find(&r->history->now, addr, NULL, NULL);
	if (block == BLOCK_NONE || reach_type(r, block) != TYPE_NONE)
		return;
	if (r->sink)
		r->sink->edge(r->sink->arg, o->block, EDGE_STORAGE, block);
	if (r->visiting || parents_reached(&r->parents, block))
		return;
	if (is_first(r, block) && !r->keep_all) /* nobody's survivor: nobody asks for its parent */
		parents_see(&r->parents, block);
	else
		parents_set(&r->parents, block, o->block, EDGE_STORAGE);
	r->reached++;
}

static bool is_last_root(const struct reach *r, enum root_kind kind, const char *label)
{
	return r->roots && r->root[r->roots - 1].kind == kind &&
	       strcmp(r->root[r->roots - 1].label, label) == 0;
}

static int add_root_label(struct reach *r, enum root_kind kind, const char *label)
{
	if (r->roots == REACH_ROOTS_MAX ||
	    grow(&r->root, &r->root_cap, r->roots + 1, sizeof(*r->root)))
		return r->err = -ENOMEM;
	r->root[r->roots].kind = kind;
	snprintf(r->root[r->roots].label, sizeof(r->root[0].label), "%.115s", label);
	r->roots++;
	return 0;
}

bool reach_add_root(struct reach *r, enum root_kind kind, const char *label, uint64_t to,
		    bool is_object)
{
	uint32_t block = remote_plausible(to) ? resolve(r, to, is_object) : BLOCK_NONE;

	if (block == BLOCK_NONE)
		return false;
	r->adding.kind = kind;
	r->adding.label = label;
	if (parents_reached(&r->parents, block)) {
		if (r->sink)
			r->sink->edge(r->sink->arg, PARENT_NONE, EDGE_FIELD, block);
		return false;
	}
	if (!is_last_root(r, kind, label) && add_root_label(r, kind, label))
		return false;
	reached(r, block, PARENT_NONE - (uint32_t)r->roots, EDGE_FIELD);
	return true;
}

/*
 * What waits at the same distance from the roots, in the order in which it lies in memory: a heap
 * whose references lead anywhere would otherwise be read a cache line here and a page there. Each
 * block waits once, so a bit for each sorts them. Where there is no memory for it the order stays.
 */
static void sort_wave(struct reach *r)
{
	size_t words = ((size_t)r->history->now.count + r->lates) / 64 + 1, at = r->head;
	uint64_t *bit;

	if (r->tail - r->head < WAVE_SORTED)
		return;
	bit = calloc(words, sizeof(*bit));
	if (!bit)
		return;
	for (size_t i = r->head; i < r->tail; i++)
		bit[r->queue[i] / 64] |= 1ull << r->queue[i] % 64;
	for (size_t word = 0; word < words; word++)
		for (; bit[word]; bit[word] &= bit[word] - 1)
			r->queue[at++] = (uint32_t)(word * 64) +
					 (uint32_t)__builtin_ctzll(bit[word]);
	free(bit);
}

static void drain(struct reach *r)
{
	size_t wave = r->head;

	while (r->head < r->tail && !r->err) {
		struct object o;

		if (r->head == wave) {
			sort_wave(r);
			wave = r->tail;
		}
		reach_object(r, r->queue[r->head++], &o);
		kinds_visit(r, &o);
		if (r->head % QUEUE_FORGET == 0)
			pages_forget(r->queue, r->head * sizeof(*r->queue));
	}
	r->head = r->tail = 0;
}

/* Classes that were met by their instances alone so far. */
static void follow_classes(struct reach *r)
{
	r->classes = false;
	for (unsigned i = 1; i < r->types->count && !r->err; i++) {
		const struct py_type *type = types_get(r->types, i);
		uint32_t class;

		if (!r->instance[i] || !(type->flags & PY_TPFLAGS_HEAPTYPE))
			continue;
		class = reach_resolve(r, type->address);
		if (class != BLOCK_NONE && !parents_reached(&r->parents, class))
			reached(r, class, r->instance[i] - 1, EDGE_CLASS);
	}
}

static void drain_classes(struct reach *r)
{
	for (drain(r); r->classes && !r->err; drain(r))
		follow_classes(r);
}

static void drain_raw(struct reach *r)
{
	drain_classes(r);
	for (size_t i = 0; i < r->raws && !r->err; i++) {
		struct object o;

		reach_object(r, r->raw[i], &o);
		kinds_visit(r, &o);
		drain_classes(r);
	}
	r->raws = 0;
}

static void drain_own(struct reach *r)
{
	r->own_only = true;
	roots_own_modules(r);
	drain(r);
	r->own_only = false;
}

/* What nothing but a person's own modules lead to. */
static void follow_later(struct reach *r)
{
	for (size_t i = 0; i < r->laters; i++)
		if (!parents_reached(&r->parents, r->later[i].block))
			follow(r, r->later[i].block, r->later[i].parent, r->later[i].edge);
	r->laters = 0;
	drain_classes(r);
}

int reach_run(struct reach *r)
{
	r->instance = calloc(TYPES_MAX + 1, sizeof(*r->instance));
	if (!r->instance ||
	    parents_init(&r->parents, &r->history->now, r->types, r->keep_all) || late_init(r))
		return -ENOMEM;
	reader_drop(r->reader);
	r->live_left = REACH_LIVE_MAX;
	if (r->is_own)
		drain_own(r);
	roots_modules(r);
	drain_classes(r);
	follow_later(r);
	roots_threads(r);
	drain_raw(r);
	roots_data(r);
	drain_raw(r);
	roots_stacks(r);
	drain_raw(r);
	pages_free(&r->queue, &r->queue_cap, sizeof(*r->queue));
	pages_free(&r->raw, &r->raw_cap, sizeof(*r->raw));
	return r->err;
}

void reach_visit(struct reach *r, uint32_t block, const struct reach_sink *sink)
{
	const struct reach_sink *before = r->sink;
	struct object o;

	r->sink = sink;
	r->visiting = true;
	reach_object(r, block, &o);
	kinds_visit(r, &o);
	r->visiting = false;
	r->sink = before;
}

void reach_release(struct reach *r)
{
	free(r->instance);
	r->instance = NULL;
	parents_release(&r->parents);
	free(r->late);
	free(r->late_slot);
	pages_free(&r->queue, &r->queue_cap, sizeof(*r->queue));
	pages_free(&r->raw, &r->raw_cap, sizeof(*r->raw));
	free(r->root);
	free(r->later);
	r->later = NULL;
	r->laters = r->later_cap = 0;
	r->late_slot = NULL;
	r->late = NULL;
	r->root = NULL;
	r->lates = r->late_cap = 0;
	r->roots = r->root_cap = r->head = r->tail = r->raws = 0;
	r->reached = r->edges = r->mended = r->missed = r->frames = r->raw_skipped_bytes = 0;
}
