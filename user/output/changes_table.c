// SPDX-License-Identifier: Apache-2.0
/*
 *	1 new, 1 faster, 2 gone: LEAK -> LEAK
 *	before  pid 4242 gunicorn, Python 3.11.2, 15.0 s
 *	after   pid 4711 gunicorn, Python 3.11.2, 15.0 s
 *
 *	new      +40.0 KiB/s  module app.cache: SESSIONS (dict)
 *	                      stored at app/cache.py:41 in remember
 */
#include <errno.h>

#include "../util/strbuf.h"
#include "../util/units.h"
#include "changes_format.h"
#include "page.h"
#include "paths.h"

#define WORD 9
#define RATE 22

static enum page_style style_of(enum change_kind k)
{
	static const enum page_style styles[] = {
		[CHANGE_NEW] = PAGE_BAD,      [CHANGE_FASTER] = PAGE_BAD,
		[CHANGE_SLOWER] = PAGE_GOOD, [CHANGE_SAME] = PAGE_QUIET,
		[CHANGE_GONE] = PAGE_GOOD,
	};

	return styles[k];
}

static void put_headline(const struct page *page, const struct changes *c)
{
	char text[200];
	struct strbuf s;

	strbuf_init(&s, text, sizeof(text));
	for (int k = 0; k <= CHANGE_GONE; k++)
		if (c->kinds[k])
			strbuf_addf(&s, "%s%u %s", s.len ? ", " : "", c->kinds[k],
				    change_name((enum change_kind)k));
	if (!s.len)
		strbuf_add(&s, "no candidates in either");
	strbuf_addf(&s, ": %s " ARROW " %s", verdict_name(c->before->verdict),
		    verdict_name(c->after->verdict));
	page_field(page, 0, NULL, PAGE_BOLD, text);
}

static void put_report(const struct page *page, const char *label, const struct report *r)
{
	char text[256], when[40] = "?";
	struct strbuf s;
	struct tm utc;

	if (r->started.tv_sec && gmtime_r(&r->started.tv_sec, &utc))
		strftime(when, sizeof(when), "%Y-%m-%d %H:%M:%S UTC", &utc);
	strbuf_init(&s, text, sizeof(text));
	strbuf_addf(&s, "pid %d %s, Python %s, %.1f s from %s", r->pid, r->comm,
		    r->python[0] ? r->python : "?", r->duration_seconds, when);
	page_field(page, 0, label, PAGE_QUIET, text);
}

static void put_rates(const struct page *page, const struct change *c)
{
	char before[UNITS_TEXT], after[UNITS_TEXT], text[2 * UNITS_TEXT + 8];

	if (c->before)
		units_byte_rate(before, c->before->bytes_per_second);
	if (c->after)
		units_byte_rate(after, c->after->bytes_per_second);
	if (c->before && c->after)
		snprintf(text, sizeof(text), "%s " ARROW " %s", before, after);
	else
		snprintf(text, sizeof(text), "%s", c->after ? after : before);
	page_clean(page, text, sizeof(text));
	fprintf(page->out, "%s%*s", text, RATE > page_columns(text) ? RATE - page_columns(text) : 1,
		"");
}

static void put_change(const struct page *page, const struct paths *paths, const struct change *c)
{
	const struct candidate *one = c->after ? c->after : c->before;
	char text[700], at[512];
	struct strbuf s;

	page_put(page, style_of(c->kind), change_name(c->kind));
	fprintf(page->out, "%*s", WORD - page_columns(change_name(c->kind)), "");
	put_rates(page, c);
	strbuf_init(&s, text, sizeof(text));
	strbuf_add(&s, one->held_by[0] ? one->held_by : "holder not found");
	if (one->type[0])
		strbuf_addf(&s, " (%s)", one->type);
	if (one->stored_known || one->allocated_known) {
		paths_frame(paths, one->stored_known ? &one->stored_at : &one->allocated_at,
			    page_room(page, WORD + RATE), at,
			    sizeof(at));
		strbuf_addf(&s, ", %s %s", one->stored_known ? "stored at" : "allocated at", at);
	}
	page_rest(page, WORD + RATE, PAGE_PLAIN, text);
}

int changes_table(FILE *out, const struct changes *c, const struct format_options *o)
{
	uint32_t count = o->top && o->top < c->count ? o->top : c->count;
	struct paths paths;
	struct page page;

	page_init(&page, out, o);
	paths_init(&paths, c->after, c->after->count);
	put_headline(&page, c);
	put_report(&page, "before", c->before);
	put_report(&page, "after", c->after);
	if (count)
		fputc('\n', out);
	for (uint32_t i = 0; i < count; i++)
		put_change(&page, &paths, &c->change[i]);
	return ferror(out) ? -EIO : 0;
}
