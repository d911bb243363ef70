// SPDX-License-Identifier: Apache-2.0
/*
 * The report as a person reads it:
 *
 *	pid 4242 gunicorn, Python 3.11.2: LEAK, +101.3 KiB/s
 *	looked for 8.1 s in 3 walks, RSS 120.3 MiB → 121.1 MiB
 *
 *	1  leak  +63.2 KiB/s  +512 objects/s  module app.cache: SESSIONS (dict, 326 → 568 → 796)
 *	   stored at    app/cache.py:41 in remember
 *	   called from  app/views.py:88 in handle
 *	   holds        tuple x1200, str x1200
 *
 *	not seen     12 objects (3.4 KiB) without a holder
 *	cost         0.4 % of the target's CPU
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "../util/strbuf.h"
#include "../util/units.h"
#include "census_table.h"
#include "changes_format.h"
#include "footer.h"
#include "lines_table.h"
#include "page.h"
#include "paths.h"
#include "pauses_table.h"
#include "processes_table.h"
#include "resources_table.h"
#include "stack_lines.h"
#include "table.h"
#include "trails_table.h"
#include "who_table.h"

#define FORESEEN (7 * 86400.0) /* seconds: nobody waits for what is further away */
#define LINE_MAX_BYTES 1024

struct table {
	struct page page;
	struct paths paths;
	struct stack_lines lines; /* what stands below a candidate's first line */
	const struct report *r;
	uint32_t count; /* candidates to print */
	bool verbose;
	int verdict, bytes, objects;   /* columns of the first line */
	int holder; /* columns left for the holder behind them; 0: it stands below */
};

static enum page_style verdict_style(enum verdict v)
{
	switch (v) {
	case VERDICT_LEAK:
	case VERDICT_REFCOUNT:
	case VERDICT_RESOURCE:
	case VERDICT_NATIVE:
		return PAGE_BAD;
	case VERDICT_NO_GROWTH:
	case VERDICT_CACHE:
	case VERDICT_WARM_UP:
		return PAGE_GOOD;
	default:
		return PAGE_UNSURE;
	}
}

static const char *verdict_sentence(enum verdict v)
{
	switch (v) {
	case VERDICT_LEAK:
		return "LEAK";
	case VERDICT_NO_GROWTH:
		return "no growth found";
	case VERDICT_CACHE:
		return "a cache at work, no leak";
	case VERDICT_NATIVE:
		return "GROWTH OUTSIDE OF PYTHON OBJECTS";
	case VERDICT_REFCOUNT:
		return "REFERENCES ARE NOT GIVEN BACK";
	case VERDICT_WARM_UP:
		return "a warm-up, no leak";
	case VERDICT_FRAGMENTATION:
		return "FRAGMENTATION, memory that is free is kept";
	default:
		return verdict_name(v);
	}
}

static void put_headline(const struct table *t)
{
	char text[256], rate[UNITS_TEXT];
	const struct report *r = t->r;
	struct strbuf s;
	double growth = 0;

	for (uint32_t i = 0; i < r->count; i++)
		if (r->candidates[i].verdict == r->verdict && r->candidates[i].bytes_per_second > 0)
			growth += r->candidates[i].bytes_per_second;
	strbuf_init(&s, text, sizeof(text));
	strbuf_addf(&s, "pid %d %s, Python %s: ", r->pid, r->comm, r->python[0] ? r->python : "?");
	page_clean(&t->page, text, sizeof(text));
	page_put(&t->page, PAGE_BOLD, text);
	strbuf_truncate(&s, 0);
	strbuf_add(&s, verdict_sentence(r->verdict));
	if (growth > 0) {
		units_byte_rate(rate, growth);
		strbuf_addf(&s, ", %s", rate);
	}
	page_put(&t->page, verdict_style(r->verdict), text);
	fputc('\n', t->page.out);
}

static void put_look(const struct table *t)
{
	char text[256], one[UNITS_TEXT], two[UNITS_TEXT];
	const struct report *r = t->r;
	struct strbuf s;

	strbuf_init(&s, text, sizeof(text));
	units_duration(one, r->duration_seconds);
	strbuf_addf(&s, "looked for %s in %u walk%s", one, r->walks, r->walks == 1 ? "" : "s");
	if (r->before.rss != UNKNOWN && r->after.rss != UNKNOWN) {
		units_bytes(one, r->before.rss);
		units_bytes(two, r->after.rss);
		if (strcmp(one, two) == 0)
			strbuf_addf(&s, ", RSS %s throughout", one);
		else
			strbuf_addf(&s, ", RSS %s " ARROW " %s", one, two);
	}
	page_field(&t->page, 0, NULL, PAGE_QUIET, text);
	if (r->summary[0]) {
		page_field(&t->page, 0, NULL, PAGE_PLAIN, r->summary);
	} else if (r->verdict == VERDICT_NO_GROWTH) {
		units_byte_rate(one, r->threshold_bytes_per_second);
		strbuf_truncate(&s, 0);
		strbuf_addf(&s, "nothing grew by more than %s, the least that is called growth",
			    one + 1);
		page_field(&t->page, 0, NULL, PAGE_PLAIN, text);
	}
}

/* "512.0 MiB of cgroup /app, 80.0 MiB left: at +101 KiB/s ... reached in 13 min". */
static void put_limit(const struct table *t)
{
	const struct limit *l = &t->r->limit;
	char most[UNITS_TEXT], left[UNITS_TEXT], text[512];
	char rate[3][UNITS_TEXT], when[3][UNITS_TEXT];
	struct strbuf s;

	if (l->bytes == UNKNOWN || l->seconds < 0 || l->seconds > FORESEEN || !l->of[0])
		return;
	units_bytes(most, l->bytes);
	units_bytes(left, l->bytes - l->used);
	units_byte_rate(rate[0], l->growth);
	units_byte_rate(rate[1], l->growth_low);
	units_byte_rate(rate[2], l->growth_high);
	units_duration(when[0], l->seconds);
	units_duration(when[1], l->seconds_low);
	units_duration(when[2], l->seconds_high);
	strbuf_init(&s, text, sizeof(text));
	strbuf_addf(&s, "%s of %s, %s left: at RSS %s (%s to %s) the kernel kills in %s (%s to %s)",
		    most, l->of, left, rate[0], rate[1], rate[2], when[0], when[1],
		    l->seconds_high < 0 ? "years" : when[2]);
	page_field(&t->page, 0, "limit", PAGE_BOLD, text);
}

/* "326 → 568 → 796"; nothing where no size is known. */
static void add_sizes(const struct table *t, const struct candidate *c, struct strbuf *s)
{
	const char *between = ", ";

	for (uint32_t i = 0; i < t->r->walks && i < REPORT_WALKS_MAX; i++) {
		char size[UNITS_TEXT];

		if (c->sizes[i] == UNKNOWN)
			continue;
		units_count(size, c->sizes[i]);
		strbuf_addf(s, "%s%s", between, size);
		between = " " ARROW " ";
	}
}

/* Memory that belongs to nobody in Python. */
static bool has_no_holder(const struct candidate *c)
{
	return c->verdict == VERDICT_NATIVE || c->verdict == VERDICT_FRAGMENTATION;
}

static int holder_text(const struct table *t, const struct candidate *c, char *buf, size_t cap)
{
	struct strbuf s;

	strbuf_init(&s, buf, cap);
	if (c->held_by[0])
		strbuf_add(&s, c->held_by);
	else
		strbuf_add(&s, c->verdict == VERDICT_NATIVE ? "memory that no Python object holds"
			       : c->verdict == VERDICT_REFCOUNT
				       ? "objects that nobody holds, by a reference too many"
			       : c->verdict == VERDICT_FRAGMENTATION
				       ? "memory that is free and not given back"
			       : c->verdict == VERDICT_LEAK ? "objects in cycles that nobody holds"
							    : "holder not found");
	if (c->type[0]) {
		strbuf_addf(&s, " (%s", c->type);
		add_sizes(t, c, &s);
		if (c->siblings > 1)
			strbuf_addf(&s, ", one of %u alike", c->siblings);
		strbuf_add(&s, ")");
	}
	return page_clean(&t->page, buf, cap);
}

static void put_contents(const struct table *t, const struct candidate *c)
{
	char text[LINE_MAX_BYTES], count[UNITS_TEXT], bytes[UNITS_TEXT];
	struct strbuf s;

	strbuf_init(&s, text, sizeof(text));
	strbuf_add(&s, c->content);
	if (c->inuse_objects != UNKNOWN && c->inuse_bytes != UNKNOWN) {
		units_count(count, c->inuse_objects);
		units_bytes(bytes, c->inuse_bytes);
		strbuf_addf(&s, "%s%s objects, %s since the look began", s.len ? "; " : "", count,
			    bytes);
	}
	if (s.len)
		page_field(&t->page, t->lines.indent, "holds", PAGE_PLAIN, text);
	if (c->example[0] && strcmp(c->example, c->held_by) != 0) {
		strbuf_truncate(&s, 0);
		strbuf_add(&s, c->example);
		page_clean(&t->page, text, sizeof(text));
		if (!t->verbose)
			page_cut(&t->page, text, page_room(&t->page, t->lines.indent + PAGE_LABEL));
		page_field(&t->page, t->lines.indent, "for example", PAGE_PLAIN, text);
	}
}

static void put_evidence(const struct table *t, const struct candidate *c)
{
	char text[PAGE_TEXT_MAX];
	struct strbuf s;

	strbuf_init(&s, text, sizeof(text));
	strbuf_addf(&s, "%.0f %% sure", c->confidence * 100);
	for (uint32_t i = 0; i < c->evidence_count && i < REPORT_EVIDENCE_MAX; i++)
		strbuf_addf(&s, "; %s", c->evidence[i]);
	if (c->stored_known && c->hits)
		strbuf_addf(&s, "; %u of %u writes seen came from this line", c->hits_on_line,
			    c->hits);
	page_field(&t->page, t->lines.indent, "evidence", PAGE_QUIET, text);
}

static void put_cause(const struct table *t, const struct candidate *c)
{
	if (c->cause[0])
		page_field(&t->page, t->lines.indent, "cause", PAGE_BOLD, c->cause);
	if (c->advice[0])
		page_field(&t->page, t->lines.indent, "advice", PAGE_PLAIN, c->advice);
}

static void growth_texts(const struct candidate *c, char bytes[UNITS_TEXT],
			 char objects[UNITS_TEXT])
{
	units_byte_rate(bytes, c->bytes_per_second);
	units_rate(objects, c->objects_per_second);
}

static int longer(int columns, const char *text)
{
	int n = page_columns(text);

	return n > columns ? n : columns;
}

/*
 * The first candidate decides whether the page is one with holders on the first lines, where they
 * fit.
 */
static void measure(struct table *t)
{
	char bytes[UNITS_TEXT], objects[UNITS_TEXT], holder[LINE_MAX_BYTES];

	t->lines.indent = t->count > 9 ? 4 : 3;
	for (uint32_t i = 0; i < t->count; i++) {
		const struct candidate *c = &t->r->candidates[i];

		growth_texts(c, bytes, objects);
		t->verdict = longer(t->verdict, verdict_name(c->verdict));
		t->bytes = longer(t->bytes, bytes);
		t->objects = longer(t->objects, objects);
	}
	t->holder = page_room(&t->page, t->lines.indent + t->verdict + t->bytes + t->objects +
						(int)strlen("    objects/s  "));
	if (t->count && holder_text(t, &t->r->candidates[0], holder, sizeof(holder)) > t->holder)
		t->holder = 0;
}

static void put_candidate(const struct table *t, uint32_t i)
{
	const struct candidate *c = &t->r->candidates[i];
	char bytes[UNITS_TEXT], objects[UNITS_TEXT], holder[LINE_MAX_BYTES], text[128];
	struct strbuf s;
	bool fits;

	growth_texts(c, bytes, objects);
	fits = holder_text(t, c, holder, sizeof(holder)) <= t->holder;
	fprintf(t->page.out, "\n%*u  ", t->lines.indent - 2, i + 1);
	strbuf_init(&s, text, sizeof(text));
	strbuf_addf(&s, "%-*s", t->verdict, verdict_name(c->verdict));
	page_put(&t->page, verdict_style(c->verdict), text);
	fprintf(t->page.out, "  %*s  %*s objects/s", t->bytes, bytes, t->objects, objects);
	fputs(fits ? "  " : "\n", t->page.out);
	if (fits) {
		page_put(&t->page, PAGE_BOLD, holder);
		fputc('\n', t->page.out);
	} else {
		page_field(&t->page, t->lines.indent, NULL, PAGE_BOLD, holder);
	}
	put_cause(t, c);
	if (!has_no_holder(c) || c->stored_known || c->allocated_known ||
	    c->why_no_line[0])
		stack_lines_put(&t->lines,
				c->verdict == VERDICT_RESOURCE ? "made at" : "stored at", c);
	put_contents(t, c);
	put_evidence(t, c);
}

/* *@t points into itself: it must not be copied. */
static void begin(struct table *t, FILE *out, const struct report *r, uint32_t count,
		  const struct format_options *o)
{
	*t = (struct table){ .r = r, .count = count, .verbose = o->verbose };
	t->lines = (struct stack_lines){ &t->page, &t->paths, o->verbose, 0 };
	page_init(&t->page, out, o);
	paths_init(&t->paths, r, count);
	measure(t);
}

static int table_leaks(FILE *out, const struct report *r, const struct format_options *o)
{
	struct table t;

	begin(&t, out, r, o->top && o->top < r->count ? o->top : r->count, o);
	put_headline(&t);
	put_look(&t);
	put_limit(&t);
	for (uint32_t i = 0; i < t.count; i++)
		put_candidate(&t, i);
	lines_put(&t.page, &t.paths, r, o->verbose);
	fputc('\n', out);
	footer_put(&t.page, &t.paths, r, t.count);
	return ferror(out) ? -EIO : 0;
}

void table_candidate(FILE *out, const struct report *r, const struct candidate *c,
		     const struct format_options *o)
{
	struct candidate one = *c;
	struct report alone = *r;
	struct table t;

	alone.candidates = &one;
	alone.count = 1;
	begin(&t, out, &alone, 1, o);
	put_candidate(&t, 0);
}

const struct format format_table = {
	.name = "table", .suffix = ".txt", .leaks = table_leaks, .pauses = pauses_table,
	.heap = census_table, .who = who_table, .processes = processes_table,
	.changes = changes_table, .trails = trails_table,
	.resources = resources_table,
};
