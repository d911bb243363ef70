// SPDX-License-Identifier: Apache-2.0
/*
 *	1  leak  +63.2 KiB/s  shop 1.8.2, 16 processes
 *	   module app.cache: SESSIONS (dict)
 *	   stored at    app/cache.py:41 in remember
 *	   grows since  2026-11-24 03:10 UTC, shop 1.8.2 as a whole
 *	   seen         14 times, first 2026-11-24 03:12, last 2026-11-25 23:01 UTC
 *
 *	Collections
 *	shop 1.8.2   longest 1.2 ms, at app/cache.py:44 in sweep; 0.42 % of the time, in 14 looks
 */
#include "trails_table.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <time.h>

#include "../util/units.h"

#define HOURS_FROM 7200 /* seconds */

void trails_add_time(struct strbuf *s, int64_t seconds)
{
	time_t at = (time_t)seconds;
	char text[32] = "?";
	struct tm utc;

	if (gmtime_r(&at, &utc))
		strftime(text, sizeof(text), "%Y-%m-%d %H:%M", &utc);
	strbuf_add(s, text);
}

void trails_add_site(struct strbuf *s, const struct finding *f)
{
	strbuf_add(s, f->file);
	if (f->line > 0)
		strbuf_addf(s, ":%d", f->line);
	strbuf_addf(s, " in %s", f->function);
}

static void put_seen(struct page *page, const struct trail *t)
{
	char text[160];
	struct strbuf s;

	strbuf_init(&s, text, sizeof(text));
	if (t->times == 1) {
		strbuf_add(&s, "once, ");
		trails_add_time(&s, t->first_seen);
	} else {
		strbuf_addf(&s, "%" PRId64 " times, first ", t->times);
		trails_add_time(&s, t->first_seen);
		strbuf_add(&s, ", last ");
		trails_add_time(&s, t->last_seen);
	}
	strbuf_add(&s, " UTC");
	page_field(page, 3, "seen", PAGE_PLAIN, text);
}

static void put_trail(struct page *page, const struct trail *t, unsigned rank)
{
	const struct finding *f = &t->finding;
	char text[1024], rate[UNITS_TEXT];
	struct strbuf s;

	if (f->verdict == VERDICT_RESOURCE)
		units_rate(rate, f->objects_per_second);
	else
		units_byte_rate(rate, f->bytes_per_second);
	strbuf_init(&s, text, sizeof(text));
	strbuf_addf(&s, "%u  %s  %s  %s%s%s, %" PRId64 " process%s", rank, verdict_name(f->verdict),
		    rate, f->service, f->release[0] ? " " : "", f->release, t->processes,
		    t->processes == 1 ? "" : "es");
	if (f->pod[0])
		strbuf_addf(&s, ", pod %s", f->pod);
	page_field(page, 0, NULL, PAGE_BOLD, text);
	strbuf_truncate(&s, 0);
	if (f->holder[0]) {
		strbuf_add(&s, f->holder);
		if (f->type[0])
			strbuf_addf(&s, " (%s)", f->type);
		page_field(page, 3, NULL, PAGE_PLAIN, text);
	}
	strbuf_truncate(&s, 0);
	if (f->function[0]) {
		trails_add_site(&s, f);
		page_field(page, 3, "stored at", PAGE_PLAIN, text);
	}
	if (t->grows_since != UNKNOWN) {
		strbuf_truncate(&s, 0);
		trails_add_time(&s, t->grows_since);
		strbuf_addf(&s, " UTC, %s%s%s as a whole", f->service, f->release[0] ? " " : "",
			    f->release);
		page_field(page, 3, "grows since", PAGE_PLAIN, text);
	}
	put_seen(page, t);
}

static void put_pauses(struct page *page, const struct pause_trail *p)
{
	char text[640], longest[UNITS_TEXT];
	struct strbuf s;

	units_span(longest, (double)p->max_ns / 1e9);
	strbuf_init(&s, text, sizeof(text));
	strbuf_addf(&s, "%s%s%s   longest %s", p->service, p->release[0] ? " " : "", p->release,
		    longest);
	if (p->function[0])
		strbuf_addf(&s, ", at %s:%d in %s", p->file, p->line, p->function);
	if (p->seconds > 0)
		strbuf_addf(&s, "; %.2g %% of the time",
			    100 * (double)p->total_ns / 1e9 / p->seconds);
	strbuf_addf(&s, ", in %" PRId64 " look%s", p->times, p->times == 1 ? "" : "s");
	page_field(page, 0, NULL, PAGE_PLAIN, text);
}

int trails_table(FILE *out, const struct trails *t, const struct format_options *o)
{
	struct page page;
	char text[512], span[UNITS_TEXT];
	struct strbuf s;

	page_init(&page, out, o);
	if (t->since_seconds >= HOURS_FROM)
		snprintf(span, sizeof(span), "%.4g h", t->since_seconds / 3600);
	else
		units_duration(span, t->since_seconds);
	strbuf_init(&s, text, sizeof(text));
	strbuf_addf(&s, "%zu finding%s in the last %s, of %s", t->count, t->count == 1 ? "" : "s",
		    span, t->path);
	if (t->oldest != UNKNOWN) {
		strbuf_add(&s, ", which begins ");
		trails_add_time(&s, t->oldest);
	}
	page_field(&page, 0, NULL, PAGE_QUIET, text);
	trails_groups(&page, t, o);
	for (size_t i = 0; !t->by && i < t->count && !(o->top && i >= o->top); i++) {
		fputc('\n', out);
		put_trail(&page, &t->trail[i], (unsigned)i + 1);
	}
	if (t->pause_count) {
		fputc('\n', out);
		page_field(&page, 0, NULL, PAGE_BOLD, "Collections");
	}
	for (size_t i = 0; i < t->pause_count && !(o->top && i >= o->top); i++)
		put_pauses(&page, &t->pauses[i]);
	return ferror(out) ? -EIO : 0;
}
