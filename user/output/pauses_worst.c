// SPDX-License-Identifier: Apache-2.0
#include "pauses_worst.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "../util/strbuf.h"
#include "../util/units.h"

#define FRAMES_SHOWN 4
#define WORTH 20 /* pauses shorter than the longest by that factor are not what is looked for */
#define FIRST_THERE 100 /* of the longest: places that others may refer to */
#define INDENT 3
#define WAITED_SHARE 0.2

struct worst {
	const struct page *page;
	const struct paths *paths;
	const struct pauses *p;
	bool verbose;
};

static void put_frame(const struct worst *t, const char *label, const struct frame *f,
		      enum page_style style)
{
	char text[512];

	paths_frame(t->paths, f, page_room(t->page, INDENT + PAGE_LABEL), text, sizeof(text));
	page_field(t->page, INDENT, label, style, text);
}

/*
 * Frames of the program's own are shown, those of libraries between them are counted: indexes of
 * the former into @shown, and how many they are.
 */
static uint32_t choose_frames(const struct worst *t, const struct pause_stack *s,
			      uint32_t shown[REPORT_STACK_MAX])
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < s->stack.depth; i++)
		if (!i || t->verbose ||
		    (count < FRAMES_SHOWN && !paths_is_library(s->stack.frame[i].file)))
			shown[count++] = i;
	return count;
}

static void put_stack(const struct worst *t, const struct pause_stack *s)
{
	const char *label = "tripped at";
	uint32_t shown[REPORT_STACK_MAX];
	uint32_t count = choose_frames(t, s, shown), hidden = s->stack.depth - count;
	char text[64];

	for (uint32_t i = 0; i < count; i++) {
		put_frame(t, label, &s->stack.frame[shown[i]],
			  shown[i] == s->own ? PAGE_BOLD : PAGE_PLAIN);
		label = i ? "" : "called from";
	}
	if (!hidden)
		return;
	snprintf(text, sizeof(text), ELLIPSIS " %u more frame%s", hidden, hidden == 1 ? "" : "s");
	page_field(t->page, INDENT, label, PAGE_QUIET, text);
}

/* Would the two be printed alike? */
static bool same_place(const struct worst *t, int a, int b)
{
	uint32_t shown[REPORT_STACK_MAX], others[REPORT_STACK_MAX], count;

	if (a < 0 || b < 0 || a == b)
		return a == b;
	count = choose_frames(t, &t->p->stack[a], shown);
	if (choose_frames(t, &t->p->stack[b], others) != count)
		return false;
	for (uint32_t i = 0; i < count; i++)
		if (!paths_same_frame(&t->p->stack[a].stack.frame[shown[i]],
				&t->p->stack[b].stack.frame[others[i]]))
			return false;
	return true;
}

static void put_waited(const struct worst *t, const struct pause *one)
{
	char off[UNITS_TEXT], queue[UNITS_TEXT], text[128];

	if ((double)one->off_ns <= WAITED_SHARE * (double)one->pause_ns)
		return;
	units_span(off, (double)one->off_ns / 1e9);
	units_span(queue, (double)one->queue_ns / 1e9);
	snprintf(text, sizeof(text), "%s of the pause, %s of them waiting for one", off, queue);
	page_field(t->page, INDENT, "not on a CPU", PAGE_UNSURE, text);
}

/* Where it was tripped; @as: rank of a longer one that was tripped there too, 0: none. */
static void put_place(const struct worst *t, int stack, unsigned as)
{
	char text[64] = "no Python code";

	if (stack >= 0 && !as) {
		put_stack(t, &t->p->stack[stack]);
		return;
	}
	if (stack >= 0)
		snprintf(text, sizeof(text), "the same place as %u", as);
	page_field(t->page, INDENT, "tripped at", PAGE_QUIET, text);
}

static void put_pause(const struct worst *t, unsigned rank, const struct pause *one, unsigned as)
{
	const struct pauses *p = t->p;
	char text[320], span[UNITS_TEXT], count[UNITS_TEXT];
	struct strbuf s;

	units_span(span, (double)one->pause_ns / 1e9);
	page_clean(t->page, span, sizeof(span));
	fprintf(t->page->out, "%u  ", rank);
	page_put(t->page, PAGE_BOLD, span);
	strbuf_init(&s, text, sizeof(text));
	strbuf_addf(&s, "generation %u, %.2f s after the start", one->generation,
		    ((double)one->start_ns - (double)p->began_ns) / 1e9);
	if (one->cause == PAUSE_EXPLICIT)
		strbuf_add(&s, ", asked for");
	else if (one->cause != PAUSE_CAUSE_UNKNOWN)
		strbuf_addf(&s, ", %s", pause_cause_name(one->cause));
	strbuf_addf(&s, ", thread %d", one->tid);
	if (one->interpreter > 0)
		strbuf_addf(&s, ", interpreter %" PRId64, one->interpreter);
	fprintf(t->page->out, "  %s\n", text);
	strbuf_truncate(&s, 0);
	units_count(count, one->collected);
	strbuf_addf(&s, "%s object%s", count, one->collected == 1 ? "" : "s");
	if (one->tracked != UNKNOWN) {
		units_count(count, one->tracked);
		strbuf_addf(&s, ", of %s tracked", count);
	}
	page_field(t->page, INDENT, "freed", PAGE_PLAIN, text);
	put_waited(t, one);
	put_place(t, one->stack, as);
}

/* Rank of the first of @order that was tripped where number @i was; 0: it is the first. */
static unsigned first_there(const struct worst *t, const struct pause **order, size_t i)
{
	for (size_t k = 0; k < i && k < FIRST_THERE; k++)
		if (same_place(t, order[k]->stack, order[i]->stack))
			return (unsigned)k + 1;
	return 0;
}

static int by_pause(const void *a, const void *b)
{
	const struct pause *x = *(const struct pause *const *)a,
			   *y = *(const struct pause *const *)b;

	return x->pause_ns < y->pause_ns ? 1 : x->pause_ns > y->pause_ns ? -1 : 0;
}

int pauses_worst(const struct page *page, const struct paths *paths, const struct pauses *p,
		 const struct format_options *o)
{
	const struct worst list = { page, paths, p, o->verbose }, *t = &list;
	const struct pause **order = calloc(p->count + 1, sizeof(struct pause *));
	size_t shown = o->top && o->top < p->count ? o->top : p->count;

	if (!order)
		return -ENOMEM;
	for (size_t i = 0; i < p->count; i++)
		order[i] = &p->pause[i];
	qsort(order, p->count, sizeof(struct pause *), by_pause);
	while (!t->verbose && shown && WORTH * order[shown - 1]->pause_ns < order[0]->pause_ns)
		shown--;
	if (shown) {
		fputc('\n', t->page->out);
		page_put(t->page, PAGE_QUIET, "the longest pauses\n");
	}
	for (size_t i = 0; i < shown; i++)
		put_pause(t, (unsigned)i + 1, order[i], first_there(t, order, i));
	free(order);
	return 0;
}
