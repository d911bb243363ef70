// SPDX-License-Identifier: Apache-2.0
/*
 *	pid 4242 gunicorn, Python 3.11.2: 1,000 app.models.Order
 *	size         62.5 KiB, they retain 206.5 KiB
 *	refcount     1 each, 1,000 references found
 *
 *	  objects   references   retained  path
 *	    1,000        1,000  206.5 KiB  module app: ORDERS[*] (list)
 *	        0          200             module app: USERS[*].last (app.models.User)
 *
 *	            references    holders  direct referrers
 *	                 1,000          1  list [*]
 */
#include "who_table.h"

#include <errno.h>

#include "../util/strbuf.h"
#include "../util/units.h"
#include "footer.h"
#include "page.h"

#define COLUMN 12
#define INDENT (3 * COLUMN + 2)
#define LINE_BYTES 1024

static void put_headline(const struct page *p, const struct who *w)
{
	const struct report *r = &w->about;
	char text[320], count[UNITS_TEXT];
	struct strbuf s;

	strbuf_init(&s, text, sizeof(text));
	strbuf_addf(&s, "pid %d %s, Python %s: ", r->pid, r->comm,
		    r->python[0] ? r->python : "?");
	units_count(count, w->count);
	if (w->address)
		strbuf_addf(&s, "the %s at 0x%llx", w->type, (unsigned long long)w->address);
	else
		strbuf_addf(&s, "%s %s", count, w->type);
	page_rest(p, 0, PAGE_BOLD, text);
}

static void put_sizes(const struct page *p, const struct who *w)
{
	char text[256], one[UNITS_TEXT], two[UNITS_TEXT];
	struct strbuf s;

	strbuf_init(&s, text, sizeof(text));
	units_bytes(one, w->bytes);
	units_bytes(two, w->retained_bytes);
	strbuf_addf(&s, "%s by %s; %s%s would be freed if nothing held %s", one,
		    w->count == 1 ? "itself" : "themselves",
		    w->retained_at_most ? "at most " : "", two, w->count == 1 ? "it" : "them");
	page_field(p, 0, "size", PAGE_PLAIN, text);
	strbuf_truncate(&s, 0);
	if (w->refcount_sum == UNKNOWN) {
		strbuf_add(&s, "immortal: never freed, and not counted");
	} else {
		units_count(one, w->refcount_least);
		units_count(two, w->refcount_most);
		strbuf_add(&s, one);
		if (w->refcount_most != w->refcount_least)
			strbuf_addf(&s, " to %s", two);
		if (w->count > 1) {
			units_count(one, w->refcount_sum);
			strbuf_addf(&s, ", %s in all", one);
		}
	}
	units_count(one, w->references);
	strbuf_addf(&s, "; %s references found", one);
	units_count(one, w->memory_words);
	if (w->memory_words)
		strbuf_addf(&s, ", and %s words of C memory and stacks, which may be stale", one);
	page_field(p, 0, "refcount", PAGE_PLAIN, text);
	if (w->unreached) {
		units_count(one, w->unreached);
		strbuf_truncate(&s, 0);
		strbuf_addf(&s, "%s: no path from a root was found; pyleak heap says why", one);
		page_field(p, 0, "unreached", PAGE_UNSURE, text);
	}
}

static void put_columns(const struct page *p, const char *one, const char *two, const char *three)
{
	fprintf(p->out, "%*s%*s%*s  ", COLUMN, one, COLUMN, two, COLUMN, three);
}

static void put_more(const struct page *p, int64_t more)
{
	char text[64];

	if (more <= 0)
		return;
	snprintf(text, sizeof(text), "%lld more (--top 0 prints all)", (long long)more);
	page_field(p, INDENT, NULL, PAGE_QUIET, text);
}

static void put_paths(const struct page *p, const struct who *w, const struct format_options *o)
{
	uint32_t shown = o->top && o->top < w->paths ? o->top : w->paths;

	fputc('\n', p->out);
	put_columns(p, "objects", "references", "retained");
	page_rest(p, INDENT, PAGE_QUIET, "path (objects: whose shortest path it is)");
	for (uint32_t i = 0; i < shown; i++) {
		const struct who_path *path = &w->path[i];
		char objects[UNITS_TEXT], references[UNITS_TEXT], retained[UNITS_TEXT] = "";
		char text[LINE_BYTES];
		struct strbuf s;

		units_count(objects, path->objects);
		units_count(references, path->references);
		if (path->objects)
			units_bytes(retained, path->retained_bytes);
		put_columns(p, objects, references, retained);
		strbuf_init(&s, text, sizeof(text));
		strbuf_add(&s, path->path);
		if (path->holder[0])
			strbuf_addf(&s, " (in %s)", path->holder);
		page_rest(p, INDENT, path->objects ? PAGE_BOLD : PAGE_PLAIN, text);
		if (path->example[0])
			page_field(p, INDENT, NULL, PAGE_QUIET, path->example);
	}
	put_more(p, (int64_t)w->paths - shown);
}

static void put_referrers(const struct page *p, const struct who *w,
			  const struct format_options *o)
{
	uint32_t shown = o->top && o->top < w->referrers ? o->top : w->referrers;

	fputc('\n', p->out);
	put_columns(p, "", "references", "holders");
	page_rest(p, INDENT, PAGE_QUIET, "direct referrers");
	for (uint32_t i = 0; i < shown; i++) {
		const struct who_referrer *r = &w->referrer[i];
		char references[UNITS_TEXT], holders[UNITS_TEXT], text[300];
		struct strbuf s;

		units_count(references, r->references);
		units_count(holders, r->holders);
		put_columns(p, "", references, holders);
		strbuf_init(&s, text, sizeof(text));
		strbuf_addf(&s, "%s %s", r->type[0] ? r->type : "C memory", r->slot);
		page_rest(p, INDENT, PAGE_PLAIN, text);
	}
	put_more(p, (int64_t)w->referrers - shown);
}

int who_table(FILE *out, const struct who *w, const struct format_options *o)
{
	const struct paths none = { 0 };
	struct page p;

	page_init(&p, out, o);
	put_headline(&p, w);
	put_sizes(&p, w);
	if (w->paths)
		put_paths(&p, w, o);
	if (w->referrers)
		put_referrers(&p, w, o);
	footer_put(&p, &none, &w->about, 0);
	return ferror(out) ? -EIO : 0;
}
