// SPDX-License-Identifier: Apache-2.0
/* Rows of a census, and what changed between two; parts of a footprint, and their sentence. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "../../user/model/census.h"
#include "../../user/rank/change.h"
#include "../../user/session/parts.h"

#define MIB (1ll << 20)

static void add(struct census_view *v, const char *name, int64_t count, int64_t bytes)
{
	struct census_row *row = census_add(v, name);

	assert_non_null(row);
	row->count = count;
	row->bytes = bytes;
}

static const struct census_row *find(const struct census_view *v, const char *name)
{
	for (uint32_t i = 0; i < v->count; i++)
		if (strcmp(v->row[i].name, name) == 0)
			return &v->row[i];
	fail_msg("no row %s", name);
	return NULL;
}

static void growth_is_told_by_name(void **state)
{
	struct census_view before = { 0 }, now = { 0 };

	(void)state;
	add(&before, "str", 10, 500);
	add(&before, "gone", 3, 90);
	add(&before, "dict", 5, 1000);
	add(&now, "list", 2, 160);
	add(&now, "dict", 4, 900);
	add(&now, "str", 30, 1500);
	assert_int_equal(census_diff(&now, &before), 0);
	assert_int_equal(now.count, 4);
	assert_int_equal(find(&now, "str")->growth_objects, 20);
	assert_int_equal(find(&now, "str")->growth_bytes, 1000);
	assert_int_equal(find(&now, "dict")->growth_bytes, -100);
	assert_int_equal(find(&now, "list")->growth_objects, 2);
	assert_int_equal(find(&now, "gone")->growth_bytes, -90);
	assert_int_equal(find(&now, "gone")->count, 0);
	census_sort(&now, true);
	assert_string_equal(now.row[0].name, "str");
	assert_string_equal(now.row[3].name, "dict");
	census_sort(&now, false);
	assert_string_equal(now.row[0].name, "str");
	assert_string_equal(now.row[1].name, "dict");
	census_view_release(&before);
	census_view_release(&now);
}

static void what_was_cut_off_is_not_taken_for_growth(void **state)
{
	struct census_view before = { .cut = true }, now = { .cut = true };

	(void)state;
	add(&before, "a", 1, 10);
	add(&before, "b", 1, 10);
	add(&now, "a", 1, 10);
	add(&now, "c", 9, 90);
	assert_int_equal(census_diff(&now, &before), 0);
	assert_int_equal(now.count, 2);
	assert_int_equal(find(&now, "c")->growth_bytes, UNKNOWN);
	assert_int_equal(find(&now, "a")->growth_bytes, 0);
	census_view_release(&before);
	census_view_release(&now);
}

static void nothing_against_nothing(void **state)
{
	struct census_view before = { 0 }, now = { 0 };

	(void)state;
	assert_int_equal(census_diff(&now, &before), 0);
	assert_int_equal(now.count, 0);
}

static int64_t sum(const struct footprint *f)
{
	return f->python_live + f->python_free + f->native_live + f->native_free +
	       f->thread_stacks + f->file + f->shmem + f->other;
}

static void parts_add_up(void **state)
{
	static const struct walk_parts walk = {
		.pool_live = 30, .pool_free = 5, .chunk_live = 20, .chunk_free = 7, .chunk_trim = 4
	};
	struct footprint f = { .rss = 100, .thread_stacks = 3, .file = 11, .shmem = 2 };

	(void)state;
	parts_fill(&f, &walk);
	assert_int_equal(f.python_live, 30);
	assert_int_equal(f.native_free, 7);
	assert_int_equal(f.other, 22);
	assert_int_equal(sum(&f), 100);
	/* a stack that the kernel merged with an arena: both readings have the arena */
	f = (struct footprint){ .rss = 60, .thread_stacks = 12, .file = 11 };
	parts_fill(&f, &walk);
	assert_int_equal(f.thread_stacks, 0);
	assert_int_equal(f.native_free, 0);
	assert_int_equal(f.native_trim, 0);
	assert_int_equal(f.python_free, 0);
	assert_int_equal(f.native_live, 19);
	assert_int_equal(f.other, 0);
	assert_int_equal(sum(&f), 60);
}

static void nothing_is_made_up_without_smaps(void **state)
{
	static const struct walk_parts walk = { .pool_live = 30 };
	struct footprint f = {
		.rss = 100, .file = UNKNOWN, .python_live = UNKNOWN, .other = UNKNOWN
	};

	(void)state;
	parts_fill(&f, &walk);
	assert_int_equal(f.python_live, UNKNOWN);
	assert_int_equal(f.other, UNKNOWN);
}

static void fragmentation_is_called_so(void **state)
{
	struct footprint before = { .rss = 100 * MIB, .native_live = 50 * MIB, .file = 50 * MIB };
	struct footprint after = before;
	char text[256];

	(void)state;
	after.rss += 148 * MIB;
	after.native_live += 3 * MIB;
	after.native_free += 145 * MIB;
	after.native_trim = 140 * MIB;
	change_explain(&before, &after, text, sizeof(text));
	assert_string_equal(text,
			    "RSS +148.0 MiB: +145.0 MiB free in malloc's heaps, +3.0 MiB live in "
			    "malloc's heaps: fragmentation rather than objects; malloc_trim(0) "
			    "would give back about 140.0 MiB");
	change_describe(&after, text, sizeof(text));
	assert_string_equal(text,
			    "145.0 MiB of RSS is free memory between what lives; malloc_trim(0) "
			    "would give back about 140.0 MiB");
}

static void growth_of_objects_is_not(void **state)
{
	struct footprint before = { .rss = 100 * MIB, .python_live = 50 * MIB, .file = 50 * MIB };
	struct footprint after = before;
	char text[256];

	(void)state;
	after.rss -= 10 * MIB;
	after.python_live -= 10 * MIB;
	change_explain(&before, &after, text, sizeof(text));
	assert_string_equal(text, "RSS -10.0 MiB: -10.0 MiB live in Python's pools");
	change_describe(&after, text, sizeof(text));
	assert_string_equal(text, "");
	change_explain(&after, &after, text, sizeof(text));
	assert_string_equal(text, "RSS did not change");
	after.other = UNKNOWN;
	change_explain(&before, &after, text, sizeof(text));
	assert_string_equal(text, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(growth_is_told_by_name),
		cmocka_unit_test(what_was_cut_off_is_not_taken_for_growth),
		cmocka_unit_test(nothing_against_nothing),
		cmocka_unit_test(parts_add_up),
		cmocka_unit_test(nothing_is_made_up_without_smaps),
		cmocka_unit_test(fragmentation_is_called_so),
		cmocka_unit_test(growth_of_objects_is_not),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
