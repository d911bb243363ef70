// SPDX-License-Identifier: Apache-2.0
/*
 * A census made by hand against the exact text of each format, tests/golden/NAME; GOLDEN_WRITE=1
 * writes the files anew.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include "../../user/output/format.h"

#define MIB (1ll << 20)
#define TEXT(field, ...) snprintf(field, sizeof(field), __VA_ARGS__)

static struct census_row *add(struct census *c, enum census_by by, const char *name, int64_t count,
			      int64_t bytes)
{
	struct census_row *row = census_add(&c->view[by], name);

	assert_non_null(row);
	row->count = count;
	row->bytes = bytes;
	return row;
}

static void make_holders(struct census *c)
{
	struct census_row *row;

	row = add(c, CENSUS_HOLDER, "module app.cache: SESSIONS", 1200345, 98 * MIB);
	TEXT(row->type, "dict");
	row->retained_bytes = 97 * MIB;
	TEXT(row->content, "str x1,200,000 96.0 MiB, dict x12 2.9 KiB, C memory 1.2 KiB");
	row = add(c, CENSUS_HOLDER, "module app.service: SERVICE", 4000, 12 * MIB);
	TEXT(row->type, "app.service.Service");
	TEXT(row->mostly, "module app.service: SERVICE.store._rows");
	row->mostly_bytes = 11 * MIB;
	row->retained_bytes = 2960;
	TEXT(row->content, "app.rows.Row x3,900 10.0 MiB");
	row = add(c, CENSUS_HOLDER, "C data of \x1b[31m_json.so", 0, 4096);
}

static void make_nobody(struct census_nobody *n)
{
	n->looked = true;
	n->lost[0] = (struct census_lost){ .count = 310, .bytes = 20480, .sure = 300,
					   .excess = 311, .held_count = 40, .held_bytes = 4096 };
	TEXT(n->lost[0].type, "app.rows.Row");
	n->lost[1] = (struct census_lost){ .count = 2, .bytes = 128, .excess = 2 };
	TEXT(n->lost[1].type, "dict");
	n->count = 2;
	n->garbage = (struct census_sum){ 94, 6016 };
}

static void make(struct census *c)
{
	struct report *r = &c->about;

	*c = (struct census){ .by = CENSUS_DEFAULT };
	r->pid = 4242;
	TEXT(r->comm, "gunicorn");
	TEXT(r->python, "3.11.2");
	TEXT(r->summary, "41.0 MiB of RSS is free memory between what lives");
	r->duration_seconds = 0.7;
	r->after = (struct footprint){ .rss = 160 * MIB, .python_live = 100 * MIB,
				       .python_free = 40 * MIB, .native_live = 5 * MIB,
				       .native_free = 1 * MIB, .thread_stacks = 2 * MIB,
				       .file = 12 * MIB, .native_trim = 0 };
	r->before = r->after;
	make_holders(c);
	add(c, CENSUS_TYPE, "str", 600123, 61 * MIB)->tracked = 0;
	add(c, CENSUS_TYPE, "app.rows.Row", 3900, 10 * MIB)->tracked = 3900;
	add(c, CENSUS_TYPE, "dict", 12, 2969)->tracked = 12;
	c->all = (struct census_sum){ 1234567, 120 * MIB };
	c->raw = (struct census_sum){ 9062, 3 * MIB };
	c->interned = (struct census_sum){ 8181, 482918 };
	c->kept = (struct census_sum){ 290, 29696 };
	c->unreached = (struct census_sum){ 446, 30720 };
	TEXT(c->unreached_content, "dict x400 25.0 KiB");
	make_nobody(&c->nobody);
}

/* The same with --diff: one row that is new, one that is gone, one that nobody knows. */
static void make_diff(struct census *c)
{
	make(c);
	c->diff_seconds = 10;
	TEXT(c->about.summary, "RSS +40.0 MiB: +40.0 MiB live in Python's pools");
	for (int by = CENSUS_TYPE; by <= CENSUS_HOLDER; by++) {
		c->view[by].row[0].growth_objects = 5000;
		c->view[by].row[0].growth_bytes = 40 * MIB;
		c->view[by].row[1].growth_objects = 0;
		c->view[by].row[1].growth_bytes = 0;
	}
	c->view[CENSUS_TYPE].row[2].growth_objects = -3;
	c->view[CENSUS_TYPE].row[2].growth_bytes = -999;
}

static char *print(const char *format, void (*fill)(struct census *c),
		   const struct format_options *o)
{
	struct census c;
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	assert_non_null(out);
	fill(&c);
	assert_int_equal(format_by_name(format)->heap(out, &c, o), 0);
	fclose(out);
	census_release(&c);
	return text;
}

static void check(const char *name, const char *format, void (*fill)(struct census *c),
		  const struct format_options *o)
{
	char path[128], *want = NULL, *text = print(format, fill, o);
	size_t cap = 0;
	FILE *f;

	snprintf(path, sizeof(path), "tests/golden/%s", name);
	f = fopen(path, getenv("GOLDEN_WRITE") ? "w+" : "r");
	if (!f)
		fail_msg("%s: %s (run from the top of the tree)", path, strerror(errno));
	if (getenv("GOLDEN_WRITE")) {
		fputs(text, f);
		rewind(f);
	}
	if (getdelim(&want, &cap, '\0', f) < 0)
		fail_msg("%s is empty", path);
	fclose(f);
	assert_string_equal(text, want);
	free(want);
	free(text);
}

static void table_at_80_columns(void **state)
{
	(void)state;
	check("heap_80.txt", "table", make, &(struct format_options){ .width = 80, .top = 2 });
}

static void table_of_growth(void **state)
{
	(void)state;
	check("heap_diff_160.txt", "table", make_diff, &(struct format_options){ .width = 160 });
}

static void json_of_both(void **state)
{
	(void)state;
	check("heap.json", "json", make, &(struct format_options){ .top = 2 });
	check("heap_diff.json", "json", make_diff, &(struct format_options){ .top = 0 });
}

static void no_line_is_wider_than_the_page(void **state)
{
	const struct format_options o = { .width = 60, .ascii = true };
	char *text = print("table", make_diff, &o), *line = strtok(text, "\n");

	(void)state;
	for (; line; line = strtok(NULL, "\n"))
		if (strlen(line) > 60)
			fail_msg("'%s'", line);
	free(text);
}

static void views_that_were_not_asked_for_are_null(void **state)
{
	char *text = print("json", make, &(struct format_options){ .top = 0 });
	json_t *root = json_loads(text, 0, NULL);

	(void)state;
	assert_non_null(root);
	assert_true(json_is_array(json_object_get(root, "types")));
	assert_true(json_is_null(json_object_get(root, "ages")));
	assert_true(json_is_null(json_object_get(root, "modules")));
	json_decref(root);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(table_at_80_columns),
		cmocka_unit_test(table_of_growth),
		cmocka_unit_test(json_of_both),
		cmocka_unit_test(no_line_is_wider_than_the_page),
		cmocka_unit_test(views_that_were_not_asked_for_are_null),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
