// SPDX-License-Identifier: Apache-2.0
#include "refcounts.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../cpython/refcount.h"
#include "../util/grow.h"
#include "../util/pages.h"
#include "doubts.h"
#include "fingerprint.h"

enum state {
	STATE_EVEN, /* count and references agree, or the count is below them */
	STATE_EXCESS,
	STATE_HELD,   /* an object with an excess leads to it */
	STATE_MEMORY, /* unreached raw memory leads to it */
	STATE_GONE,
	STATE_IMMORTAL,
};

#define FLAG_DOUBT 1  /* something else points to it as well */
#define FLAG_MEMORY 2 /* unreached raw memory does */

struct search {
	struct reach *r;
	struct refcounts *found;
	uint32_t *block; /* unreached objects, ascending; these four are on pages */
	uint32_t *count; /* their reference counts, saturated */
	uint32_t *seen;	 /* references found to each */
	uint8_t *state;	 /* enum state; flags above it */
	size_t objects, block_cap, count_cap, seen_cap, state_cap;
	uint8_t *storage; /* bit by block: belongs to a container that was visited */
	uint32_t *queue;  /* of propagate() */
	size_t head, tail, queue_cap;
	uint32_t *row_of; /* by type number: row + 1 */
	struct refcount_row *to; /* whose objects are followed just now */
	bool from_raw;
	int err;
};

#define STATE(s, i) ((enum state)((s)->state[i] & 15))
#define FLAGS(s, i) ((s)->state[i] >> 4)

static void set_state(struct search *s, size_t i, enum state state)
{
	s->state[i] = (uint8_t)((s->state[i] & 0xf0) | state);
}

static void add_flag(struct search *s, size_t i, unsigned flag)
{
	s->state[i] |= (uint8_t)(flag << 4);
}

static bool is_unreached(const struct reach *r, uint32_t block)
{
	return r->history->now.print[block] && !parents_reached(&r->parents, block);
}

/* The number of @block among the unreached objects, SIZE_MAX where it is none. */
static size_t find(const struct search *s, uint32_t block)
{
	size_t lo = 0, hi = s->objects;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (s->block[mid] == block)
			return mid;
		if (s->block[mid] < block)
			lo = mid + 1;
		else
			hi = mid;
	}
	return SIZE_MAX;
}

static int list(struct search *s)
{
	const struct blocks *b = &s->r->history->now;

	for (uint32_t n = 0; n < b->count; n++) {
		if (!is_unreached(s->r, n) || b->type[n] == TYPE_NONE)
			continue;
		if (s->objects == REFCOUNTS_MAX) {
			s->found->not_looked_at++;
			continue;
		}
		if (pages_grow(&s->block, &s->block_cap, s->objects + 1, sizeof(*s->block)))
			return -ENOMEM;
		s->block[s->objects++] = n;
	}
	if (pages_grow(&s->count, &s->count_cap, s->objects + 1, sizeof(*s->count)) ||
	    pages_grow(&s->seen, &s->seen_cap, s->objects + 1, sizeof(*s->seen)) ||
	    pages_grow(&s->state, &s->state_cap, s->objects + 1, sizeof(*s->state)) ||
	    pages_grow(&s->queue, &s->queue_cap, s->objects + 1, sizeof(*s->queue)))
		return -ENOMEM;
	s->storage = calloc(b->count / 8 + 1, 1);
	s->row_of = calloc(TYPES_MAX + 1, sizeof(*s->row_of));
	return s->storage && s->row_of ? 0 : -ENOMEM;
}

/* Its count now; false where another object or none is there. */
static bool read_count(const struct search *s, const struct object *o, bool live, uint64_t *word)
{
	const struct py_layout *l = &s->r->rt->layout;
	struct reader *reader = s->r->reader;
	uint64_t head[2];

	/* ob_refcnt and ob_type are an object's first two words */
	if (!(live ? reader_fresh(reader, o->addr + l->ob_refcnt, head, sizeof(head))
		   : reader_copy(reader, o->addr + l->ob_refcnt, head, sizeof(head))))
		return false;
	*word = head[0];
	return head[1] == o->type->address && py_refcount(l, head[0]);
}

static void read_counts(struct search *s)
{
	const struct py_layout *l = &s->r->rt->layout;

	for (size_t i = 0; i < s->objects; i++) {
		struct object o;
		uint64_t word, count;

		reach_object(s->r, s->block[i], &o);
		if (!read_count(s, &o, false, &word)) {
			set_state(s, i, STATE_GONE);
		} else if (py_is_immortal(l, word)) {
			set_state(s, i, STATE_IMMORTAL);
		} else {
			count = py_refcount(l, word);
			s->count[i] = count < UINT32_MAX ? (uint32_t)count : UINT32_MAX;
		}
	}
}

static void count_edge(void *arg, uint32_t from, unsigned edge, uint32_t to)
{
	struct search *s = arg;
	size_t i;

	(void)from;
	if (edge == EDGE_STORAGE) {
		if (to < s->r->history->now.count)
			s->storage[to / 8] |= (uint8_t)(1u << to % 8);
		return;
	}
	i = find(s, to);
	if (i == SIZE_MAX)
		return;
	s->seen[i] += s->seen[i] < UINT32_MAX;
	if (s->from_raw)
		add_flag(s, i, FLAG_MEMORY);
}

/* Instances hold their class. */
static void count_classes(struct search *s)
{
	for (size_t i = 0; i < s->objects; i++) {
		const struct types *t = s->r->types;
		unsigned number = reach_type(s->r, s->block[i]);
		uint32_t class;

		if (STATE(s, i) == STATE_GONE ||
		    !(types_get(t, number)->flags & PY_TPFLAGS_HEAPTYPE))
			continue;
		class = blocks_find(&s->r->history->now, types_get(t, number)->address, NULL, NULL);
		if (class != BLOCK_NONE)
			count_edge(s, s->block[i], EDGE_CLASS, class);
	}
}

/* References from unreached objects first: what is their storage is then no raw memory by itself.
 */
static void count_references(struct search *s)
{
	const struct reach_sink sink = { count_edge, s };
	const struct blocks *b = &s->r->history->now;

	for (size_t i = 0; i < s->objects; i++)
		if (STATE(s, i) != STATE_GONE)
			reach_visit(s->r, s->block[i], &sink);
	count_classes(s);
	s->from_raw = true;
	for (uint32_t n = 0; n < b->count; n++)
		if (b->type[n] == TYPE_NONE && is_unreached(s->r, n) &&
		    !(s->storage[n / 8] >> n % 8 & 1))
			reach_visit(s->r, n, &sink);
	for (size_t i = 0; i < s->objects; i++)
		if (STATE(s, i) == STATE_EVEN && s->count[i] > s->seen[i])
			set_state(s, i, STATE_EXCESS);
}

struct candidates {
	struct search *s;
	uint32_t *number;  /* owned: of each address the number among the unreached */
	uint32_t *counted; /* owned: references found to it */
	uint64_t *addr;	   /* owned, ascending */
	size_t count;
};

static void note_doubt(void *arg, size_t number)
{
	const struct candidates *c = arg;

	add_flag(c->s, c->number[number], FLAG_DOUBT);
}

static int find_doubts(struct search *s)
{
	struct candidates c = { .s = s };
	int err = -ENOMEM;

	for (size_t i = 0; i < s->objects; i++)
		c.count += STATE(s, i) == STATE_EXCESS;
	c.number = calloc(c.count + 1, sizeof(*c.number));
	c.counted = calloc(c.count + 1, sizeof(*c.counted));
	c.addr = calloc(c.count + 1, sizeof(*c.addr));
	if (c.number && c.counted && c.addr) {
		c.count = 0;
		for (size_t i = 0; i < s->objects; i++) {
			struct object o;

			if (STATE(s, i) != STATE_EXCESS)
				continue;
			reach_object(s->r, s->block[i], &o);
			c.number[c.count] = (uint32_t)i;
			c.counted[c.count] = s->seen[i];
			c.addr[c.count++] = o.addr;
		}
		err = doubts_find(s->r, c.addr, c.counted, c.count, note_doubt, &c);
	}
	free(c.number);
	free(c.counted);
	free(c.addr);
	return err;
}

/* What lost or won a reference since, or was freed, was in use. */
static void look_again(struct search *s)
{
	for (size_t i = 0; i < s->objects; i++) {
		struct object o;
		uint64_t word;

		if (STATE(s, i) != STATE_EXCESS)
			continue;
		reach_object(s->r, s->block[i], &o);
		/* the search may have found raw memory there since, or another object came */
		if (!o.type || !fingerprint_holds(s->r, s->block[i]) ||
		    !read_count(s, &o, true, &word) ||
		    py_refcount(&s->r->rt->layout, word) != s->count[i])
			set_state(s, i, STATE_GONE);
	}
}

static struct refcount_row *row_of(struct search *s, unsigned type)
{
	struct refcounts *f = s->found;

	if (!s->row_of[type]) {
		if (grow(&f->row, &f->cap, f->count + 1, sizeof(*f->row))) {
			s->err = -ENOMEM;
			return NULL;
		}
		f->row[f->count++] = (struct refcount_row){ .type = type };
		s->row_of[type] = (uint32_t)f->count;
	}
	return &f->row[s->row_of[type] - 1];
}

static void add(struct refcount_sum *sum, const struct object *o)
{
	sum->objects++;
	sum->bytes += o->size;
}

static void add_example(struct refcount_row *row, uint64_t addr, bool newborn)
{
	if (row->examples < REFCOUNT_EXAMPLES)
		row->example[row->examples++] = addr;
	else if (newborn && row->newborn_sure <= REFCOUNT_EXAMPLES)
		row->example[row->newborn_sure - 1] = addr;
}

static void count_excess(struct search *s, size_t i, const struct object *o)
{
	const struct history *h = s->r->history;
	unsigned birth = h->now.birth[o->block] & BIRTH_WALK;
	struct refcount_row *row = row_of(s, reach_type(s->r, o->block));
	bool newborn = birth > 1 && birth < h->walks;

	if (!row)
		return;
	add(&row->own, o);
	row->excess += s->count[i] - s->seen[i];
	/* what only the last walk saw of several may have been under way just then */
	if (FLAGS(s, i) || (h->walks > 1 && birth == h->walks))
		return;
	row->sure++;
	row->newborn_sure += newborn;
	add_example(row, o->addr, newborn);
}

static void follow_edge(void *arg, uint32_t from, unsigned edge, uint32_t to)
{
	struct search *s = arg;
	size_t i = edge == EDGE_STORAGE ? SIZE_MAX : find(s, to);
	struct object o;

	(void)from;
	if (i == SIZE_MAX || STATE(s, i) != STATE_EVEN)
		return;
	set_state(s, i, s->to ? STATE_HELD : STATE_MEMORY);
	reach_object(s->r, to, &o);
	add(s->to ? &s->to->held : &s->found->memory, &o);
	s->queue[s->tail++] = to;
}

/* Everything that leads off from the unreached object @block. */
static void follow(struct search *s, uint32_t block)
{
	const struct reach_sink sink = { follow_edge, s };

	s->head = s->tail = 0;
	reach_visit(s->r, block, &sink);
	while (s->head < s->tail)
		reach_visit(s->r, s->queue[s->head++], &sink);
}

static void follow_all(struct search *s)
{
	struct object o;

	for (size_t i = 0; i < s->objects && !s->err; i++) {
		if (STATE(s, i) != STATE_EXCESS)
			continue;
		reach_object(s->r, s->block[i], &o);
		count_excess(s, i, &o);
	}
	for (size_t i = 0; i < s->objects && !s->err; i++) {
		if (STATE(s, i) != STATE_EXCESS)
			continue;
		s->to = row_of(s, reach_type(s->r, s->block[i]));
		follow(s, s->block[i]);
	}
	s->to = NULL;
	for (size_t i = 0; i < s->objects && !s->err; i++) {
		if (STATE(s, i) != STATE_EVEN || !(FLAGS(s, i) & FLAG_MEMORY))
			continue;
		set_state(s, i, STATE_MEMORY);
		reach_object(s->r, s->block[i], &o);
		add(&s->found->memory, &o);
		follow(s, s->block[i]);
	}
}

static int by_weight(const void *a, const void *b)
{
	const struct refcount_row *x = a, *y = b;
	uint64_t bytes_x = x->own.bytes + x->held.bytes, bytes_y = y->own.bytes + y->held.bytes;

	if (x->sure != y->sure)
		return x->sure < y->sure ? 1 : -1;
	return (bytes_x < bytes_y) - (bytes_x > bytes_y);
}

static void sum_up(struct search *s)
{
	struct refcounts *f = s->found;
	struct object o;

	for (size_t i = 0; i < s->objects; i++) {
		reach_object(s->r, s->block[i], &o);
		if (STATE(s, i) == STATE_GONE)
			add(&f->gone, &o);
		else if (STATE(s, i) == STATE_EVEN)
			add(s->count[i] < s->seen[i] ? &f->torn : &f->garbage, &o);
	}
	for (size_t i = 0; i < f->count; i++) {
		f->leaked.objects += f->row[i].own.objects;
		f->leaked.bytes += f->row[i].own.bytes;
		f->held.objects += f->row[i].held.objects;
		f->held.bytes += f->row[i].held.bytes;
	}
	if (f->count)
		qsort(f->row, f->count, sizeof(*f->row), by_weight);
}

static void release(struct search *s)
{
	pages_free(&s->block, &s->block_cap, sizeof(*s->block));
	pages_free(&s->count, &s->count_cap, sizeof(*s->count));
	pages_free(&s->seen, &s->seen_cap, sizeof(*s->seen));
	pages_free(&s->state, &s->state_cap, sizeof(*s->state));
	pages_free(&s->queue, &s->queue_cap, sizeof(*s->queue));
	free(s->storage);
	free(s->row_of);
}

int refcounts_take(struct refcounts *f, struct reach *r)
{
	struct search s = { .r = r, .found = f };
	int err;

	*f = (struct refcounts){ 0 };
	reader_drop(r->reader); /* counts and the references to them of the same moment */
	err = list(&s);
	if (!err) {
		read_counts(&s);
		count_references(&s);
		err = find_doubts(&s);
	}
	if (!err) {
		look_again(&s);
		follow_all(&s);
		err = s.err;
	}
	if (!err)
		sum_up(&s);
	release(&s);
	return err;
}

void refcounts_release(struct refcounts *f)
{
	free(f->row);
	*f = (struct refcounts){ 0 };
}
