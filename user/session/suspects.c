// SPDX-License-Identifier: Apache-2.0
#include "suspects.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../causes/cause.h"
#include "../heap/path.h"
#include "../util/strbuf.h"

static void sizes(struct suspect *s, const struct holder *h, const struct history *walks)
{
	bool whole = h->sized && h->siblings <= STORE_WORDS;

	for (unsigned i = 0; i < REPORT_WALKS_MAX; i++) {
		bool known = h->sized && i < walks->walks && h->size[i] != SIZE_UNKNOWN;

		s->candidate.sizes[i] = known ? h->size[i] : UNKNOWN;
		if (known)
			series_add(&s->measured.size, walks->total[i].seconds, h->size[i]);
	}
	/* sizes go on being read while stores are watched, if all siblings' can be */
	s->store.size = whole && s->measured.size.count ? &s->measured.size : NULL;
}

/* Elements that came a second, from those that came between the last two walks. */
static double arrival_rate(const struct holder *h, const struct history *walks)
{
	const struct walk_totals *t = walks->total;
	double last = t[walks->walks - 1].seconds - t[walks->walks - 2].seconds;

	return h->sized && last > 0 ? (double)h->newborn_elements / last : 0;
}

/* Of the elements that came between the last two walks, those by which it did not grow. */
static double replaced(const struct holder *h, const struct history *walks)
{
	uint32_t now = h->size[walks->walks - 1], before = h->size[walks->walks - 2];

	return h->sized && now != SIZE_UNKNOWN && before != SIZE_UNKNOWN
		       ? (double)h->newborn_elements - ((double)now - before)
		       : 0;
}

/* Objects that came under it between the last two walks, a second. */
static double newborn_rate(const struct holder *h, const struct history *walks)
{
	const struct walk_totals *t = walks->total;
	double last = t[walks->walks - 1].seconds - t[walks->walks - 2].seconds;

	return last > 0 ? (double)h->newborn_objects / last : 0;
}

static void contents(struct candidate *c, const struct holder *h, const struct types *types)
{
	struct strbuf out;

	strbuf_init(&out, c->content, sizeof(c->content));
	for (unsigned i = 0; i < HOLDER_CONTENTS && h->content[i].objects; i++)
		strbuf_addf(&out, "%s%s x%llu", i ? ", " : "",
			    types_get(types, h->content[i].type)->name,
			    (unsigned long long)h->content[i].objects);
}

static void heap_totals(struct measured *m, const struct history *walks)
{
	double before = 0;

	for (unsigned i = 0; i < walks->walks; i++) {
		double live = (double)(walks->total[i].pool_bytes + walks->total[i].chunk_bytes);

		if (i && live < before)
			m->heap_noise += before - live;
		m->heap_gain += i ? live - before : 0;
		before = live;
	}
}

/* Where the type of a sized holder stands, from its size word. */
static void find_type(struct suspect *s, const struct holder *h, const struct reach *r)
{
	struct object o;

	if (!h->sized)
		return;
	reach_object(r, h->block, &o);
	if (!o.type)
		return;
	s->store.type = o.type->address;
	s->store.type_at = types_size_word(r->types, o.type) - r->rt->layout.ob_type;
}

/*
 * Does it stay for as long as the process? A local variable of C code on a stack does not, and a
 * word in C data may be any; a container that one leads to straight is the interpreter's own.
 */
static bool is_lasting(const struct holder *h)
{
	return h->root != ROOT_STACK && (h->root != ROOT_DATA || (h->sized && !h->through_raw));
}

static void describe(struct suspect *s, const struct holder *h, struct heap *heap)
{
	struct candidate *c = &s->candidate;

	*s = (struct suspect){
		.holder = h,
		.measured = { .interval = heap->holders.interval,
			      .objects = h->objects,
			      .bytes = h->bytes,
			      .siblings = h->siblings,
			      .slots_of_one = h->slots_of_one,
			      .bound = h->bound > 0 ? h->bound : UNKNOWN,
			      .through_raw = h->through_raw,
			      .lasting = is_lasting(h) },
		.store = { .words = h->words, .chain = h->chain, .sized = h->sized }
	};
	memcpy(s->store.word, h->word, sizeof(s->store.word));
	find_type(s, h, &heap->reach);
	sizes(s, h, &heap->history);
	s->measured.arrivals_per_second = arrival_rate(h, &heap->history);
	s->measured.newborn_per_second = newborn_rate(h, &heap->history);
	s->measured.replaced = replaced(h, &heap->history);
	s->measured.looked_again = h->witnesses;
	s->measured.gone = holders_gone(h, &heap->reach);
	heap_totals(&s->measured, &heap->history);
	contents(c, h, &heap->types);
	c->siblings = h->siblings;
	snprintf(c->held_by, sizeof(c->held_by), "%s", h->path);
	snprintf(c->type, sizeof(c->type), "%s", h->type);
	if (h->example != PARENT_NONE)
		path_write(&heap->reach, h->example, c->example, sizeof(c->example));
}

/* Sizes that were read between walks, and behind them what the latest walk says. */
static void keep_sizes(struct suspect *s, const struct suspect *was)
{
	const struct series *walks = &s->measured.size;
	struct series all = was->measured.size;

	if (!walks->count || !all.count || s->store.words != was->store.words ||
	    memcmp(s->store.word, was->store.word, sizeof(s->store.word)) != 0)
		return;
	for (unsigned i = 0; i < walks->count; i++)
		if (walks->seconds[i] > all.seconds[all.count - 1])
			series_add(&all, walks->seconds[i], walks->size[i]);
	s->measured.size = all;
}

/* Stores and sizes seen in an earlier round of the same look. */
static void keep_seen(struct suspect *s, const struct suspects *before)
{
	for (unsigned i = 0; i < before->count; i++) {
		const struct suspect *was = &before->suspect[i];

		if (strcmp(was->candidate.held_by, s->candidate.held_by) != 0 ||
		    strcmp(was->candidate.type, s->candidate.type) != 0)
			continue;
		memcpy(s->store.site, was->store.site, sizeof(s->store.site));
		s->store.sites = was->store.sites;
		s->store.hits = was->store.hits;
		keep_sizes(s, was);
		return;
	}
}

int suspects_take(struct suspects *s, struct heap *heap)
{
	const struct holders *h = &heap->holders;
	struct suspects now = { .count = h->count < SUSPECTS_MAX ? (unsigned)h->count
								 : SUSPECTS_MAX };

	now.suspect = calloc(now.count ? now.count : 1, sizeof(*now.suspect));
	if (!now.suspect)
		return -ENOMEM;
	for (unsigned i = 0; i < now.count; i++) {
		describe(&now.suspect[i], &h->holder[i], heap);
		keep_seen(&now.suspect[i], s);
	}
	suspects_release(s);
	*s = now;
	return 0;
}

void suspects_release(struct suspects *s)
{
	free(s->suspect);
	*s = (struct suspects){ 0 };
}

static bool before(const struct suspect *a, const struct suspect *b)
{
	bool a_leaks = a->candidate.verdict == VERDICT_LEAK,
	     b_leaks = b->candidate.verdict == VERDICT_LEAK;

	return a_leaks != b_leaks ? a_leaks
				  : a->candidate.bytes_per_second > b->candidate.bytes_per_second;
}

void suspects_judge(struct suspects *s, double seconds)
{
	for (unsigned i = 0; i < s->count; i++) {
		struct suspect *one = &s->suspect[i];

		one->measured.look = seconds;
		verdict_judge(&one->candidate, &one->measured);
	}
	/* few, and nearly in order: insertion keeps the store's pointers to their own series right
	 * below */
	for (unsigned i = 1; i < s->count; i++) {
		struct suspect one = s->suspect[i];
		unsigned at = i;

		for (; at && before(&one, &s->suspect[at - 1]); at--)
			s->suspect[at] = s->suspect[at - 1];
		s->suspect[at] = one;
	}
	for (unsigned i = 0; i < s->count; i++)
		if (s->suspect[i].store.size)
			s->suspect[i].store.size = &s->suspect[i].measured.size;
}

void suspects_explain(struct suspects *s, struct heap *heap)
{
	/* whatever the verdict is so far: it may become another at the end of the look */
	for (unsigned i = 0; i < s->count && i < SUSPECTS_WATCHED; i++)
		causes_find(heap, s->suspect[i].holder, &s->suspect[i].candidate);
}

unsigned suspects_watched(struct suspects *s, struct store **store)
{
	unsigned count = s->count < SUSPECTS_WATCHED ? s->count : SUSPECTS_WATCHED;

	for (unsigned i = 0; i < count; i++)
		store[i] = &s->suspect[i].store;
	return count;
}

bool suspects_are_plain(const struct suspects *s)
{
	double plain = 0, doubtful = 0;

	for (unsigned i = 0; i < s->count; i++) {
		const struct candidate *c = &s->suspect[i].candidate;

		if (verdict_is_plain(c, &s->suspect[i].measured))
			plain = plain > c->bytes_per_second ? plain : c->bytes_per_second;
		else if (c->verdict == VERDICT_LEAK || c->verdict == VERDICT_UNDECIDED)
			doubtful = doubtful > c->bytes_per_second ? doubtful : c->bytes_per_second;
	}
	return plain > 0 && plain >= doubtful / 4;
}

static void name_line(struct candidate *c, const struct store *s, const char *denied)
{
	const struct site *site = store_main_site(s);

	c->hits = s->hits;
	if (!site) {
		snprintf(c->why_no_line, sizeof(c->why_no_line), "%s",
			 denied ? denied
			 : s->refused && !s->watched
				 ? "the debug registers are taken by another observer"
			 : !s->words ? "its slot has no address of its own to watch"
			 : s->hits   ? "it was written, but by no Python code"
				     : "it was not written while it was watched");
		return;
	}
	c->stored_known = true;
	c->hits_on_line = site->hits;
	c->stack = site->stack;
	c->stored_at = site->stack.frame[0];
	for (uint32_t i = 0; i < site->stack.depth; i++) {
		if (pyframe_is_stdlib(site->stack.frame[i].file))
			continue;
		if (i)
			c->stored_by = site->stack.frame[i];
		break;
	}
}

void suspects_name_lines(struct suspects *s, const char *denied)
{
	for (unsigned i = 0; i < s->count; i++)
		name_line(&s->suspect[i].candidate, &s->suspect[i].store, denied);
}
