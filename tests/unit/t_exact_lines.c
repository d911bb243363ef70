// SPDX-License-Identifier: Apache-2.0
/*
 * Sites to the lines that allocate most, and those lines as a person reads them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "../../bpf/abi.h"
#include "../../user/output/lines_table.h"
#include "../../user/session/exact_lines.h"

enum { RENDER, PARSE, CALLER };

static struct frame frames[] = {
	[RENDER] = { "/srv/app/views.py", "render", 31, false },
	[PARSE] = { "/srv/app/bodies.py", "parse", 7, false },
	[CALLER] = { "/srv/app/main.py", "main", 2, false },
};

static const uint32_t by_render[] = { RENDER, CALLER }, by_both[] = { RENDER, PARSE },
		      by_parse[] = { PARSE };

/* Two stacks that end in render, many small ones; one in parse, few large ones. */
static struct alloc_site sites[] = {
	{ .id = 100, .source = ACCOUNT_PYMALLOC, .depth = 2, .at = by_render, .alloc_objects = 600,
	  .alloc_bytes = 6000, .inuse_objects = 3, .inuse_bytes = 30 },
	{ .id = 101, .source = ACCOUNT_PYMALLOC, .depth = 2, .at = by_both, .alloc_objects = 300,
	  .alloc_bytes = 3000, .inuse_objects = 6, .inuse_bytes = 60 },
	{ .id = 102, .source = ACCOUNT_LIBC, .depth = 1, .at = by_parse, .alloc_objects = 8,
	  .alloc_bytes = 8 << 20, .inuse_objects = 8, .inuse_bytes = 8 << 20 },
	{ .id = 103, .source = ACCOUNT_POOL, .depth = 1, .at = by_parse, .alloc_objects = 1000,
	  .alloc_bytes = 1000 << 14 },
	{ .id = 104, .source = ACCOUNT_INLINED, .depth = 2, .at = by_both, .alloc_objects = 700 },
	{ .id = SITE_NATIVE + ACCOUNT_LIBC, .source = ACCOUNT_LIBC, .alloc_objects = 2,
	  .alloc_bytes = 2 },
};

static const struct alloc_sites all = { sites, sizeof(sites) / sizeof(sites[0]), frames, 3 };

static void make(struct report *r, enum lines_of of)
{
	*r = (struct report){ .duration_seconds = 10 };
	assert_int_equal(exact_lines(r, &all, of), 0);
}

static void stacks_of_a_line_are_one(void **state)
{
	struct report r;

	(void)state;
	make(&r, LINES_OF_ALL);
	assert_int_equal(r.line_count, 3);
	assert_string_equal(r.lines[0].at.function, "parse"); /* 99.9 % of all bytes */
	assert_string_equal(r.lines[1].at.function, "render"); /* 98.9 % of all objects */
	assert_true(r.lines[1].objects_per_second == 90 && r.lines[1].bytes_per_second == 900);
	assert_int_equal(r.lines[1].inuse_objects, 9);
	assert_int_equal(r.lines[1].inuse_bytes, 90);
	assert_string_equal(r.lines[2].at.function, "");
	report_release(&r);
}

static void small_blocks_that_were_not_seen_are_left_out(void **state)
{
	struct report r;

	(void)state;
	make(&r, LINES_OF_MALLOC);
	assert_true(r.lines_of == LINES_OF_MALLOC);
	assert_int_equal(r.line_count, 2);
	assert_string_equal(r.lines[0].at.function, "parse");
	assert_true(r.lines[0].objects_per_second == 0.8); /* no pools: they are no allocations */
	report_release(&r);
}

/* Objects where they are inlined, without what becomes of them; bytes from malloc. */
static void counted_where_they_are_inlined(void **state)
{
	struct report r;

	(void)state;
	make(&r, LINES_OF_INLINED);
	assert_int_equal(r.line_count, 3);
	assert_string_equal(r.lines[0].at.function, "render");
	assert_true(r.lines[0].objects_per_second == 70 && r.lines[0].bytes_per_second == 0);
	assert_true(r.lines[0].inuse_objects == UNKNOWN && r.lines[0].inuse_bytes == UNKNOWN);
	assert_string_equal(r.lines[1].at.function, "parse");
	assert_true(r.lines[1].objects_per_second == 0);
	report_release(&r);
}

static void as_a_table(void **state)
{
	static const char want[] =
		"\nallocates most, kept or not\n"
		"    objects/s        bytes/s     kept\n"
		"          0.8    819.2 KiB/s  100.0 %  app/bodies.py:7 in parse\n"
		"           90        900 B/s    1.0 %  app/views.py:31 in render\n"
		"          0.2          0 B/s    0.0 %  threads without Python code, or stacks\n"
		"                                       without room\n";
	struct format_options how = { .width = 80 };
	struct report r;
	struct paths paths;
	struct page page;
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	(void)state;
	make(&r, LINES_OF_ALL);
	page_init(&page, out, &how);
	paths_init(&paths, &r, 0);
	lines_put(&page, &paths, &r, false);
	fclose(out);
	assert_string_equal(text, want);
	free(text);
	report_release(&r);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(stacks_of_a_line_are_one),
		cmocka_unit_test(small_blocks_that_were_not_seen_are_left_out),
		cmocka_unit_test(counted_where_they_are_inlined),
		cmocka_unit_test(as_a_table),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
