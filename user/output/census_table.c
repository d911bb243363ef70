// SPDX-License-Identifier: Apache-2.0
/*
 *	pid 4242 gunicorn, Python 3.11.2: 1,234,567 objects, 120.3 MiB
 *	RSS          160.2 MiB = Python 110.0 MiB live + 3.0 MiB free, malloc 20.1 MiB live + ...
 *
 *	     bytes   retained      objects  held by (bytes: at most, by shortest paths)
 *	  98.3 MiB   98.1 MiB    1,200,345  module app.cache: SESSIONS (dict)
 *	                                    96.1 MiB of it in [*].body
 *	                                    str x1,200,000 96.0 MiB, dict x12 2.9 KiB
 *
 *	type             what sys.getsizeof() says, summed up
 *	   61.2 MiB   51 %    600,123  str
 */
#include "census_table.h"

#include <errno.h>
#include <string.h>

#include "../util/strbuf.h"
#include "../util/units.h"
#include "footer.h"
#include "page.h"

#define SHARED_LEAST 20 /* a holder of less than this part of all is not worth a hint */
#define LINE_BYTES 1536
#define COLUMN_BYTES 11
#define COLUMN_SHARE 6
#define COLUMN_RETAINED 11
#define COLUMN_COUNT 13

struct table {
	struct page page;
	const struct census *c;
	const struct format_options *o;
	bool growth;
	enum census_by by;
	int indent; /* columns in front of a row's words */
};

static void put_headline(const struct table *t)
{
	const struct report *r = &t->c->about;
	char text[256], count[UNITS_TEXT], bytes[UNITS_TEXT];
	struct strbuf s;

	strbuf_init(&s, text, sizeof(text));
	units_count(count, t->c->all.count);
	units_bytes(bytes, t->c->all.bytes);
	strbuf_addf(&s, "pid %d %s, Python %s: %s objects, %s", r->pid, r->comm,
		    r->python[0] ? r->python : "?", count, bytes);
	page_rest(&t->page, 0, PAGE_BOLD, text);
}

static void add_part(struct strbuf *s, const char *before, int64_t bytes, const char *behind)
{
	char text[UNITS_TEXT];

	if (bytes <= 0)
		return;
	units_bytes(text, bytes);
	strbuf_addf(s, "%s%s%s", before, text, behind);
}

static void put_footprint(const struct table *t)
{
	const struct footprint *f = &t->c->about.after;
	char text[512], rss[UNITS_TEXT];
	struct strbuf s;

	if (f->rss == UNKNOWN)
		return;
	strbuf_init(&s, text, sizeof(text));
	units_bytes(rss, f->rss);
	strbuf_add(&s, rss);
	if (f->other != UNKNOWN) {
		add_part(&s, ": Python ", f->python_live, " live");
		add_part(&s, " + ", f->python_free, " free");
		add_part(&s, ", malloc ", f->native_live, " live");
		add_part(&s, " + ", f->native_free, " free");
		add_part(&s, ", stacks ", f->thread_stacks, "");
		add_part(&s, ", files ", f->file, "");
		add_part(&s, ", shared ", f->shmem, "");
		add_part(&s, ", other ", f->other, "");
	}
	page_field(&t->page, 0, "RSS", PAGE_PLAIN, text);
	if (t->c->about.summary[0])
		page_field(&t->page, 0, "", PAGE_UNSURE, t->c->about.summary);
}

/* Of the second of the three columns. */
static int second_width(const struct table *t)
{
	return t->growth		 ? COLUMN_COUNT
	       : t->by == CENSUS_HOLDER ? COLUMN_RETAINED
					 : COLUMN_SHARE;
}

/* Three numbers: bytes, share (of a holder what it retains) and objects; or with growth what came
 * of bytes and objects, and bytes. */
static void put_columns(const struct table *t, const char *one, const char *two, const char *three)
{
	fprintf(t->page.out, "%*s%*s%*s  ", COLUMN_BYTES, one,
		second_width(t), two,
		t->growth ? COLUMN_BYTES : COLUMN_COUNT, three);
}

static void signed_text(char *buf, size_t cap, int64_t value, void (*write)(char *, int64_t))
{
	char text[UNITS_TEXT];

	write(text, value < 0 ? -value : value);
	snprintf(buf, cap, "%s%s", value < 0 ? "-" : value ? "+" : "", value ? text : "");
}

static void put_numbers(const struct table *t, const struct census_row *row, int64_t all)
{
	char bytes[UNITS_TEXT], count[UNITS_TEXT], more[2][UNITS_TEXT + 1] = { "?", "?" };
	char share[UNITS_TEXT] = "";

	units_bytes(bytes, row->bytes);
	units_count(count, row->count);
	if (t->by == CENSUS_HOLDER)
		units_bytes(share, row->retained_bytes);
	else if (all > 0)
		snprintf(share, sizeof(share), "%.0f %%",
			 100.0 * (double)row->bytes / (double)all);
	if (row->growth_bytes != UNKNOWN) {
		signed_text(more[0], sizeof(more[0]), row->growth_bytes, units_bytes);
		signed_text(more[1], sizeof(more[1]), row->growth_objects, units_count);
	}
	if (t->growth)
		put_columns(t, more[0], more[1], bytes);
	else
		put_columns(t, bytes, share, count);
}

/* The steps behind those that the name has already. */
static const char *behind(const char *path, const char *name)
{
	size_t len = strlen(name);

	if (strncmp(path, name, len) || !path[len])
		return path;
	path += len;
	return path + strspn(path, ": ");
}

/* Much, and most of it would stay if the holder went. */
static bool is_shared(const struct table *t, const struct census_row *row, int64_t all)
{
	return t->by == CENSUS_HOLDER && !t->growth && row->retained_bytes != UNKNOWN &&
	       row->retained_bytes < row->bytes / 2 && row->bytes > all / SHARED_LEAST;
}

static void put_row(const struct table *t, const struct census_row *row, enum census_by by,
		    int64_t all)
{
	char text[LINE_BYTES], bytes[UNITS_TEXT];
	struct strbuf s;

	put_numbers(t, row, all);
	strbuf_init(&s, text, sizeof(text));
	strbuf_add(&s, row->name);
	if (by == CENSUS_HOLDER && row->type[0])
		strbuf_addf(&s, " (%s)", row->type);
	page_rest(&t->page, t->indent, PAGE_BOLD, text);
	strbuf_truncate(&s, 0);
	if (row->mostly[0]) {
		units_bytes(bytes, row->mostly_bytes);
		strbuf_addf(&s, "%s of it in %s", bytes, behind(row->mostly, row->name));
		page_field(&t->page, t->indent, NULL, PAGE_PLAIN, text);
	}
	if (is_shared(t, row, all))
		page_field(&t->page, t->indent, NULL, PAGE_PLAIN,
			   "others hold most of it too (pyleak who --type NAME tells them)");
	if (row->content[0])
		page_field(&t->page, t->indent, NULL, PAGE_QUIET, row->content);
}

/* Classes of sizes and ages are few, and in an order of their own. */
static bool is_ranked(enum census_by by)
{
	return by == CENSUS_TYPE || by == CENSUS_HOLDER || by == CENSUS_MODULE;
}

static void put_rest(const struct table *t, uint32_t more, uint32_t same)
{
	char text[128];
	struct strbuf s;

	strbuf_init(&s, text, sizeof(text));
	if (more)
		strbuf_addf(&s, "%u more (--top 0 prints all)", more);
	if (same)
		strbuf_addf(&s, "%s%u did not change", more ? ", " : "", same);
	if (more || same)
		page_field(&t->page, t->indent, NULL, PAGE_QUIET, text);
}

static void put_view(const struct table *t, enum census_by by)
{
	static const char *const titles[] = {
		[CENSUS_TYPE] = "type (as sys.getsizeof() has it)",
		[CENSUS_HOLDER] = "held by (bytes: at most, by shortest paths)",
		[CENSUS_SIZE] = "size",
		[CENSUS_MODULE] = "module that holds it (at most)",
		[CENSUS_AGE] = "age",
	};
	const struct census_view *v = &t->c->view[by];
	bool growth = t->growth && by != CENSUS_AGE;
	struct table mine = *t;
	uint32_t shown = 0, same = 0;
	int64_t all = 0;

	if (!v->row)
		return;
	mine.growth = growth;
	mine.by = by;
	mine.indent = COLUMN_BYTES + (growth ? COLUMN_BYTES : COLUMN_COUNT) + second_width(&mine) +
		      2;
	for (uint32_t i = 0; i < v->count; i++)
		all += v->row[i].bytes;
	fputc('\n', t->page.out);
	if (growth)
		put_columns(&mine, "growth", "objects", "now");
	else
		put_columns(&mine, "bytes",
			    by != CENSUS_HOLDER		? ""
			    : t->c->retained_at_most ? "ret. <="
						     : "retained",
			    "objects");
	page_rest(&t->page, mine.indent, PAGE_QUIET, titles[by]);
	for (uint32_t i = 0; i < v->count; i++) {
		const struct census_row *row = &v->row[i];

		if (growth && !row->growth_bytes && !row->growth_objects) {
			same++;
		} else if (!is_ranked(by) || !t->o->top || shown < t->o->top) {
			put_row(&mine, row, by, all);
			shown++;
		}
	}
	put_rest(&mine, v->count - same - shown, same);
}

static void add_sum(struct strbuf *s, const struct census_sum *sum, const char *what)
{
	char count[UNITS_TEXT], bytes[UNITS_TEXT];

	if (sum->count == UNKNOWN || !sum->count)
		return;
	units_count(count, sum->count);
	units_bytes(bytes, sum->bytes);
	strbuf_addf(s, "%s%s %s (%s)", s->len ? ", " : "", count, what, bytes);
}

static void put_apart(const struct table *t)
{
	const struct census *c = t->c;
	char text[512];
	struct strbuf s;

	fputc('\n', t->page.out);
	strbuf_init(&s, text, sizeof(text));
	add_sum(&s, &c->interned, "interned strings");
	add_sum(&s, &c->immortal, "immortal objects");
	if (s.len)
		page_field(&t->page, 0, "of these", PAGE_QUIET, text);
	strbuf_truncate(&s, 0);
	add_sum(&s, &c->raw, "blocks that are no objects: tables, buffers, C data");
	add_sum(&s, &c->kept, "free objects kept for reuse");
	if (s.len)
		page_field(&t->page, 0, "besides", PAGE_QUIET, text);
}

/* A type with objects that are known to have lost a reference. */
static void put_lost(const struct table *t, const struct census_lost *lost)
{
	char text[512], bytes[UNITS_TEXT], count[UNITS_TEXT];
	struct strbuf s;

	strbuf_init(&s, text, sizeof(text));
	units_count(count, lost->sure);
	units_bytes(bytes, lost->bytes + lost->held_bytes);
	strbuf_addf(&s, "%s x%s (%s", lost->type, count, bytes);
	units_count(count, lost->held_count);
	if (lost->held_count)
		strbuf_addf(&s, " with %s objects that they hold", count);
	strbuf_add(&s, "): counted as referenced, and nothing in the process points to them: "
		       "C code took a reference and never gave it back (Py_DECREF)");
	page_field(&t->page, 0, "refcount", PAGE_BAD, text);
}

static void put_nobody(const struct table *t)
{
	const struct census *c = t->c;
	char text[512];
	struct strbuf s;

	strbuf_init(&s, text, sizeof(text));
	add_sum(&s, &c->unreached, "objects that nothing was found to lead to");
	if (s.len && c->unreached_content[0])
		strbuf_addf(&s, ": %s", c->unreached_content);
	if (s.len)
		page_field(&t->page, 0, "unreached", PAGE_QUIET, text);
	strbuf_truncate(&s, 0);
	add_sum(&s, &c->nobody.garbage, "of them are cycles that await a collection");
	add_sum(&s, &c->nobody.memory, "are held by C memory");
	if (s.len)
		page_field(&t->page, 0, "", PAGE_QUIET, text);
	for (uint32_t i = 0; i < c->nobody.count; i++)
		if (c->nobody.lost[i].sure)
			put_lost(t, &c->nobody.lost[i]);
}

int census_table(FILE *out, const struct census *c, const struct format_options *o)
{
	struct table t = { .c = c, .o = o, .growth = c->diff_seconds > 0 };
	const struct paths none = { 0 };

	page_init(&t.page, out, o);
	put_headline(&t);
	put_footprint(&t);
	put_view(&t, CENSUS_HOLDER);
	put_view(&t, CENSUS_TYPE);
	put_view(&t, CENSUS_MODULE);
	put_view(&t, CENSUS_SIZE);
	put_view(&t, CENSUS_AGE);
	put_apart(&t);
	put_nobody(&t);
	footer_put(&t.page, &none, &c->about, 0);
	return ferror(out) ? -EIO : 0;
}
