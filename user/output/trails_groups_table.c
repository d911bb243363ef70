// SPDX-License-Identifier: Apache-2.0
/*
 *	1  +1012 KiB/s  shop, 2 findings, 16 processes
 *	   releases     1.8.2, 1.8.1
 *	   fastest      app/cache.py:41 in remember
 *	   grows since  2026-11-24 03:10 UTC
 *	   seen         first 2026-11-24 03:12 UTC in shop 1.8.1, last 2026-11-25 23:01 UTC
 */
#include <inttypes.h>

#include "../util/units.h"
#include "trails_table.h"

static void add_what(struct strbuf *s, const struct finding *f)
{
	if (f->function[0])
		trails_add_site(s, f);
	else
		strbuf_add(s, f->holder);
}

static void add_service(struct strbuf *s, const struct finding *f, bool release)
{
	strbuf_add(s, f->service);
	if (release && f->release[0])
		strbuf_addf(s, " %s", f->release);
}

static void add_count(struct strbuf *s, int64_t count, const char *one, const char *many)
{
	strbuf_addf(s, ", %" PRId64 " %s", count, count == 1 ? one : many);
}

static void put_head(struct page *page, const struct trail_group *g, enum trails_by by,
		     unsigned rank)
{
	char text[1024], rate[UNITS_TEXT];
	struct strbuf s;

	units_byte_rate(rate, g->bytes_per_second);
	strbuf_init(&s, text, sizeof(text));
	strbuf_addf(&s, "%u  %s  ", rank, rate);
	if (by == TRAILS_BY_SITE)
		add_what(&s, &g->fastest->finding);
	else
		add_service(&s, &g->fastest->finding, by == TRAILS_BY_RELEASE);
	if (by != TRAILS_BY_SITE)
		add_count(&s, g->findings, "finding", "findings");
	add_count(&s, g->processes, "process", "processes");
	page_field(page, 0, NULL, PAGE_BOLD, text);
}

static void put_times(struct page *page, const struct trail_group *g)
{
	char text[512];
	struct strbuf s;

	strbuf_init(&s, text, sizeof(text));
	if (g->grows_since != UNKNOWN) {
		trails_add_time(&s, g->grows_since);
		strbuf_add(&s, " UTC");
		page_field(page, 3, "grows since", PAGE_PLAIN, text);
	}
	strbuf_truncate(&s, 0);
	strbuf_add(&s, "first ");
	trails_add_time(&s, g->first->first_seen);
	strbuf_add(&s, " UTC in ");
	add_service(&s, &g->first->finding, true);
	strbuf_add(&s, ", last ");
	trails_add_time(&s, g->last_seen);
	strbuf_add(&s, " UTC");
	page_field(page, 3, "seen", PAGE_PLAIN, text);
}

static void put_group(struct page *page, const struct trail_group *g, enum trails_by by,
		      unsigned rank)
{
	char text[1024];
	struct strbuf s;

	put_head(page, g, by, rank);
	if (g->in[0])
		page_field(page, 3, by == TRAILS_BY_SITE ? "in" : "releases", PAGE_PLAIN, g->in);
	strbuf_init(&s, text, sizeof(text));
	add_what(&s, &g->fastest->finding);
	if (by != TRAILS_BY_SITE)
		page_field(page, 3, "fastest", PAGE_PLAIN, text);
	put_times(page, g);
}

void trails_groups(struct page *page, const struct trails *t, const struct format_options *o)
{
	for (size_t i = 0; i < t->group_count && !(o->top && i >= o->top); i++) {
		fputc('\n', page->out);
		put_group(page, &t->group[i], t->by, (unsigned)i + 1);
	}
}
