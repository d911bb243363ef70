// SPDX-License-Identifier: Apache-2.0
/*
 *	pid 4242 gunicorn, Python 3.11.2: RESOURCE LEAK
 *	files 12, sockets 200 -> 245, threads 8; 258 of 1,024 descriptors, all in use in 2 min 33 s
 *	seen being made for 9.0 s, and what of it ended for 6.0 s more
 *
 *	 1  resource  sockets: 45 of 45 made are left, the oldest for 14.9 s, +5.0/s
 *	   made at      app/views.py:41 in handle
 *	   called from  app/main.py:12 in <module>
 *	   they are     tcp to 10.0.0.5:5432, ESTABLISHED ×45
 *	   held by      module app: POOL[*] (_socket.socket)
 *
 *	not seen being made
 *	   files        12: /var/log/app.log, /dev/null ×3, ...
 *
 *	threads
 *	   4242         MainThread: epoll_wait of descriptor 6, app/main.py:12 in run
 */
#include "resources_table.h"

#include <errno.h>
#include <string.h>

#include "../util/strbuf.h"
#include "../util/units.h"
#include "footer.h"
#include "resources_threads_table.h"
#include "stack_lines.h"

#define TEXT_MAX 1024

struct table {
	struct page page;
	struct paths paths;
	struct stack_lines lines;
	const struct resources *r;
	unsigned top;
};

static const char *plural(enum resource_kind k)
{
	static const char *const words[RESOURCE_KINDS] = {
		[RESOURCE_FILE] = "files",	 [RESOURCE_SOCKET] = "sockets",
		[RESOURCE_PIPE] = "pipes",	 [RESOURCE_EPOLL] = "epolls",
		[RESOURCE_EVENTFD] = "eventfds", [RESOURCE_INOTIFY] = "inotifies",
		[RESOURCE_OTHER] = "others",	 [RESOURCE_THREAD] = "threads",
		[RESOURCE_MAPPING] = "mappings",
	};

	return words[k];
}

static const char *counted(enum resource_kind k, int64_t count)
{
	return count == 1 ? resource_kind_name(k) : plural(k);
}

static void put_headline(const struct table *t)
{
	const struct report *r = &t->r->look;
	bool leaks = r->verdict == VERDICT_RESOURCE;
	char text[256];
	struct strbuf s;

	strbuf_init(&s, text, sizeof(text));
	strbuf_addf(&s, "pid %d %s, Python %s: ", r->pid, r->comm, r->python[0] ? r->python : "?");
	page_clean(&t->page, text, sizeof(text));
	page_put(&t->page, PAGE_BOLD, text);
	page_put(&t->page, leaks ? PAGE_BAD : PAGE_GOOD,
		 leaks ? "RESOURCE LEAK" : "no line was seen to leak");
	fputc('\n', t->page.out);
}

static void add_count(struct strbuf *s, const char *what, int64_t before, int64_t after)
{
	char one[UNITS_TEXT], two[UNITS_TEXT];

	if (after == UNKNOWN || (!after && !before))
		return;
	units_count(one, before);
	units_count(two, after);
	if (before == after || before == UNKNOWN)
		strbuf_addf(s, "%s%s %s", s->len ? ", " : "", two, what);
	else
		strbuf_addf(s, "%s%s " ARROW " %s %s", s->len ? ", " : "", one, two, what);
}

static void add_end(struct strbuf *s, double seconds)
{
	char left[UNITS_TEXT];

	if (seconds < 0)
		return;
	units_duration(left, seconds);
	strbuf_addf(s, ", all in use in %s", left);
}

static void put_limits(const struct table *t)
{
	const struct resources *r = t->r;
	bool ends = r->seconds_to_descriptors >= 0 || r->seconds_to_threads >= 0;
	char text[TEXT_MAX], count[UNITS_TEXT];
	struct strbuf s;

	strbuf_init(&s, text, sizeof(text));
	units_count(count, resource_descriptors(&r->after));
	strbuf_addf(&s, "%s descriptors", count);
	if (r->limits.descriptors_max != UNKNOWN) {
		units_count(count, r->limits.descriptors_max);
		strbuf_addf(&s, " of %s", count);
	}
	add_end(&s, r->seconds_to_descriptors);
	if (r->limits.threads_max != UNKNOWN) {
		units_count(count, r->limits.threads_used);
		strbuf_addf(&s, "; %s", count);
		units_count(count, r->limits.threads_max);
		strbuf_addf(&s, " of %s threads of its control group", count);
		add_end(&s, r->seconds_to_threads);
	}
	page_field(&t->page, 0, NULL, ends ? PAGE_UNSURE : PAGE_PLAIN, text);
}

static void put_counts(const struct table *t)
{
	const struct resources *r = t->r;
	char text[TEXT_MAX], count[UNITS_TEXT];
	struct strbuf s;

	strbuf_init(&s, text, sizeof(text));
	for (int k = 0; k < RESOURCE_KINDS; k++)
		add_count(&s, counted(k, r->after.of[k]), r->before.of[k], r->after.of[k]);
	page_field(&t->page, 0, NULL, PAGE_PLAIN, text);
	put_limits(t);
	strbuf_truncate(&s, 0);
	units_duration(count, r->window_seconds);
	strbuf_addf(&s, "what was made was seen for %s", count);
	units_duration(count, r->aged_seconds);
	strbuf_addf(&s, ", and then for %s what of it ended", count);
	page_field(&t->page, 0, NULL, PAGE_QUIET, text);
}

static void add_whats(struct strbuf *s, const struct resource_row *row)
{
	for (uint32_t i = 0; i < row->what_count; i++) {
		strbuf_addf(s, "%s%s", i ? "; " : "", row->what[i].text);
		if (row->what[i].count > 1)
			strbuf_addf(s, " \xc3\x97%u", row->what[i].count);
	}
	if (row->others)
		strbuf_addf(s, "; %u others", row->others);
}

static void put_holder(const struct table *t, const struct candidate *c)
{
	char text[TEXT_MAX];
	struct strbuf s;

	if (!c->content[0])
		return;
	page_field(&t->page, t->lines.indent, "owned by", PAGE_PLAIN, c->content);
	strbuf_init(&s, text, sizeof(text));
	if (c->held_by[0])
		strbuf_addf(&s, "%s (%s)", c->held_by, c->type);
	else
		strbuf_add(&s, "nothing that was found: garbage that awaits a collection, or "
			       "native code");
	page_field(&t->page, t->lines.indent, "held by", PAGE_BOLD, text);
}

static void put_why(const struct table *t, const struct candidate *c)
{
	char text[TEXT_MAX];
	struct strbuf s;

	strbuf_init(&s, text, sizeof(text));
	strbuf_addf(&s, "%.0f %% sure", c->confidence * 100);
	for (uint32_t i = 0; i < c->evidence_count && i < REPORT_EVIDENCE_MAX; i++)
		strbuf_addf(&s, "; %s", c->evidence[i]);
	page_field(&t->page, t->lines.indent, "evidence", PAGE_QUIET, text);
	if (c->cause[0])
		page_field(&t->page, t->lines.indent, "cause", PAGE_PLAIN, c->cause);
	if (c->advice[0])
		page_field(&t->page, t->lines.indent, "advice", PAGE_PLAIN, c->advice);
}

static void put_row(const struct table *t, size_t rank, const struct resource_row *row)
{
	const struct candidate *c = &row->about;
	char text[TEXT_MAX], one[UNITS_TEXT], two[UNITS_TEXT];
	bool leaks = c->verdict == VERDICT_RESOURCE;
	struct strbuf s;

	fprintf(t->page.out, "\n%2zu  ", rank);
	page_put(&t->page, leaks ? PAGE_BAD : PAGE_UNSURE, verdict_name(c->verdict));
	strbuf_init(&s, text, sizeof(text));
	units_count(one, row->live);
	units_count(two, row->made);
	strbuf_addf(&s, "  %s: %s of %s made are left", plural(row->kind), one, two);
	if (row->kind == RESOURCE_MAPPING) {
		units_bytes(one, row->bytes);
		strbuf_addf(&s, ", %s", one);
	}
	units_duration(one, row->oldest_seconds);
	strbuf_addf(&s, ", the oldest for %s", one);
	units_rate(one, c->objects_per_second);
	strbuf_addf(&s, ", %s/s", one);
	page_clean(&t->page, text, sizeof(text));
	page_put(&t->page, PAGE_BOLD, text);
	fputc('\n', t->page.out);
	stack_lines_put(&t->lines, "made at", c);
	strbuf_truncate(&s, 0);
	add_whats(&s, row);
	if (s.len)
		page_field(&t->page, t->lines.indent, "they are", PAGE_PLAIN, text);
	put_holder(t, c);
	put_why(t, c);
}

static void put_unseen_row(const struct table *t, const struct resource_row *row)
{
	const struct candidate *c = &row->about;
	char text[TEXT_MAX], count[UNITS_TEXT];
	struct strbuf s;

	strbuf_init(&s, text, sizeof(text));
	units_count(count, row->live);
	strbuf_add(&s, count);
	if (row->came > 0) {
		units_count(count, row->came);
		strbuf_addf(&s, ", %s of them new", count);
	}
	strbuf_add(&s, ": ");
	add_whats(&s, row);
	page_field(&t->page, t->lines.indent, counted(row->kind, row->live), PAGE_PLAIN, text);
	if (!c->content[0])
		return;
	strbuf_truncate(&s, 0);
	strbuf_addf(&s, "owned by %s", c->content);
	if (c->held_by[0])
		strbuf_addf(&s, ", held by %s (%s)", c->held_by, c->type);
	page_field(&t->page, t->lines.indent, "", PAGE_PLAIN, text);
}

static void put_unseen(const struct table *t)
{
	const struct resource_rows *rows = &t->r->unseen;

	if (rows->count)
		fputs("\nnot seen being made\n", t->page.out);
	for (size_t i = 0; i < rows->count; i++)
		put_unseen_row(t, &rows->row[i]);
}

int resources_table(FILE *out, const struct resources *r, const struct format_options *o)
{
	size_t count = o->top && o->top < r->seen.count ? o->top : r->seen.count;
	struct table t = { .r = r, .top = o->top };

	page_init(&t.page, out, o);
	t.lines = (struct stack_lines){ &t.page, &t.paths, o->verbose, 3 };
	paths_init_resources(&t.paths, r, count);
	put_headline(&t);
	put_counts(&t);
	for (size_t i = 0; i < count; i++)
		put_row(&t, i + 1, &r->seen.row[i]);
	put_unseen(&t);
	resources_threads_put(&t.lines, r, o->top);
	fputc('\n', out);
	footer_put(&t.page, &t.paths, &r->look, 0);
	return ferror(out) ? -EIO : 0;
}
