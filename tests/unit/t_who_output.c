// SPDX-License-Identifier: Apache-2.0
/*
 * Who holds what, made by hand, against the exact text of table, JSON and graph in tests/golden/;
 * GOLDEN_WRITE=1 writes the files anew.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../user/output/format.h"
#include "../../user/output/who_graph.h"

#define TEXT(field, ...) snprintf(field, sizeof(field), __VA_ARGS__)

static void add_step(struct who_path *path, const char *label, const char *type)
{
	struct who_step *step = &path->step[path->steps++];

	TEXT(step->label, "%s", label);
	TEXT(step->type, "%s", type);
}

static struct who_path *add_path(struct who *w, const char *text, const char *holder,
				 int64_t objects, int64_t references)
{
	struct who_path *path = who_add_path(w);

	assert_non_null(path);
	TEXT(path->path, "%s", text);
	TEXT(path->holder, "%s", holder);
	path->reached = true;
	path->objects = objects;
	path->references = references;
	path->retained_bytes = objects * 256;
	add_step(path, "module app.shop", "module");
	return path;
}

static void add_referrer(struct who *w, const char *type, const char *slot, int64_t references)
{
	struct who_referrer *r = who_add_referrer(w);

	assert_non_null(r);
	TEXT(r->type, "%s", type);
	TEXT(r->slot, "%s", slot);
	r->references = references;
	r->holders = 1;
}

static void make(struct who *w)
{
	struct who_path *path;

	*w = (struct who){ .count = 20001, .bytes = 1920096, .retained_bytes = 5120256,
			   .refcount_least = 1, .refcount_most = 3, .refcount_sum = 22001,
			   .references = 22000, .memory_words = 4, .unreached = 1 };
	w->about.pid = 4242;
	TEXT(w->about.comm, "gunicorn");
	TEXT(w->about.python, "3.11.2");
	w->about.duration_seconds = 0.2;
	TEXT(w->type, "app.models.Order");
	path = add_path(w, "module app.shop: SERVICE.queue[*]", "collections.deque", 0, 2000);
	add_step(path, "SERVICE", "app.shop.Service");
	add_step(path, ".queue", "collections.deque");
	add_step(path, "[*]", "app.models.Order");
	path = add_path(w, "module app.shop: SERVICE.cache[*]", "dict", 12000, 12000);
	add_step(path, "SERVICE", "app.shop.Service");
	add_step(path, ".cache", "dict");
	add_step(path, "[*]", "app.models.Order");
	path = add_path(w, "module app.shop: SERVICE.cache[*]", "dict", 8000, 8000);
	add_step(path, "SERVICE", "app.shop.Service");
	add_step(path, ".cache", "dict");
	add_step(path, "[*]", "app.models.Order");
	TEXT(path->example, "module app.shop: SERVICE.cache['\"\x1b[31mx']");
	path = add_path(w, "unreached \"quoted\\\" list[*]", "list", 0, 1);
	path->reached = false;
	path->steps = 0;
	add_referrer(w, "dict", "[*]", 8000);
	add_referrer(w, "collections.deque", "[*]", 2000);
	add_referrer(w, "dict", "[*]", 12000);
	who_merge(w);
}

static char *print(const char *format, int width)
{
	const struct format_options o = { .width = width };
	struct who w;
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	assert_non_null(out);
	make(&w);
	assert_int_equal(format ? format_by_name(format)->who(out, &w, &o) : who_graph(out, &w), 0);
	fclose(out);
	who_release(&w);
	return text;
}

static void check(const char *name, char *text)
{
	char path[128], *want = NULL;
	size_t cap = 0;
	FILE *f;

	snprintf(path, sizeof(path), "tests/golden/%s", name);
	f = fopen(path, getenv("GOLDEN_WRITE") ? "w+" : "r");
	assert_non_null(f);
	if (getenv("GOLDEN_WRITE")) {
		fputs(text, f);
		rewind(f);
	}
	assert_true(getdelim(&want, &cap, '\0', f) > 0);
	assert_string_equal(text, want);
	fclose(f);
	free(want);
	free(text);
}

static void table_at_80_columns(void **state)
{
	(void)state;
	check("who_80.txt", print("table", 80));
}

static void json(void **state)
{
	(void)state;
	check("who.json", print("json", 0));
}

static void graph(void **state)
{
	(void)state;
	check("who.dot", print(NULL, 0));
}

static void rows_that_read_alike_are_one(void **state)
{
	struct who w;

	(void)state;
	make(&w);
	assert_int_equal(w.paths, 3);
	assert_int_equal(w.path[0].objects, 20000);
	assert_int_equal(w.path[0].references, 20000);
	assert_int_equal(w.path[1].references, 2000);
	assert_int_equal(w.referrers, 2);
	assert_int_equal(w.referrer[0].references, 20000);
	assert_int_equal(w.referrer[0].holders, 2);
	who_release(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(table_at_80_columns),
		cmocka_unit_test(json),
		cmocka_unit_test(graph),
		cmocka_unit_test(rows_that_read_alike_are_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
