// SPDX-License-Identifier: Apache-2.0
/* Resources: what is called a leak, what a pool, and rows. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../bpf/abi.h"
#include "../../user/model/descriptors.h"
#include "../../user/rank/resource_causes.h"
#include "../../user/rank/resources.h"

static enum verdict judge(int64_t survived, int64_t late, int64_t gain, int64_t all)
{
	struct candidate c = { 0 };
	const struct resource_measured m = { .survived = survived, .born_late = late,
					     .window = 9, .aged = 6,
					     .kind_gain = gain, .kind_survived = all };

	resource_judge(&c, &m);
	assert_true(c.confidence >= 0 && c.confidence <= 1);
	return c.verdict;
}

static void steady_growth_is_a_leak(void **state)
{
	(void)state;
	assert_int_equal(judge(30, 10, 30, 30), VERDICT_RESOURCE);
	assert_int_equal(judge(30, 10, 200, 30), VERDICT_RESOURCE); /* older lines leak as well */
	assert_int_equal(judge(7, 2, 7, 7), VERDICT_RESOURCE);
}

static void few_are_undecided(void **state)
{
	(void)state;
	assert_int_equal(judge(0, 0, 0, 0), VERDICT_UNDECIDED);
	assert_int_equal(judge(4, 2, 4, 4), VERDICT_UNDECIDED);
}

static void a_pool_that_fills_is_none(void **state)
{
	(void)state;
	assert_int_equal(judge(20, 0, 20, 20), VERDICT_WARM_UP);
	assert_int_equal(judge(20, 1, 20, 20), VERDICT_WARM_UP);
}

static void connections_that_take_turns_are_none(void **state)
{
	(void)state;
	assert_int_equal(judge(30, 10, 0, 30), VERDICT_UNDECIDED);
	assert_int_equal(judge(30, 10, 5, 30), VERDICT_UNDECIDED);
	assert_int_equal(judge(30, 10, -3, 30), VERDICT_UNDECIDED);
}

static void leaks_come_first_and_nothing_is_left_out(void **state)
{
	struct resources r = { 0 };
	static const int64_t live[] = { 3, 0, 9, 5 };

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		struct resource_row *row = resource_rows_add(&r.seen);

		assert_non_null(row);
		row->live = live[i];
		row->about.verdict = i == 0 ? VERDICT_RESOURCE : VERDICT_UNDECIDED;
	}
	resource_order(&r.seen);
	assert_int_equal(r.seen.count, 3);
	assert_int_equal(r.seen.row[0].live, 3);
	assert_int_equal(r.seen.row[1].live, 9);
	assert_int_equal(r.seen.row[2].live, 5);
	resources_release(&r);
}

static void things_alike_are_counted_most_first(void **state)
{
	struct resource_row row = { 0 };
	static const char *const texts[] = { "a", "b", "c", "d", "e", "b", "b", "d" };

	(void)state;
	for (size_t i = 0; i < 8; i++)
		resource_row_what(&row, texts[i]);
	assert_int_equal(row.what_count, RESOURCE_WHATS);
	assert_int_equal(row.others, 1); /* "e" */
	assert_string_equal(row.what[0].text, "b");
	assert_int_equal(row.what[0].count, 3);
	assert_string_equal(row.what[1].text, "d");
	assert_int_equal(row.what[1].count, 2);
}

static void candidates_stand_behind_leaks_of_memory(void **state)
{
	struct resources found = { 0 };
	struct report r = { .verdict = VERDICT_NO_GROWTH };
	struct resource_row *row;

	(void)state;
	r.candidates = calloc(2, sizeof(*r.candidates));
	r.count = 2;
	r.candidates[0].verdict = VERDICT_LEAK;
	r.candidates[1].verdict = VERDICT_CACHE;
	row = resource_rows_add(&found.seen);
	row->live = 7;
	row->about.verdict = VERDICT_RESOURCE;
	found.after.of[RESOURCE_SOCKET] = 1000;
	found.limits.descriptors_max = 1024;
	found.seconds_to_descriptors = 90;
	assert_int_equal(resource_candidates(&r, &found), 0);
	assert_int_equal(r.count, 3);
	assert_int_equal(r.candidates[0].verdict, VERDICT_LEAK);
	assert_int_equal(r.candidates[1].verdict, VERDICT_RESOURCE);
	assert_int_equal(r.candidates[2].verdict, VERDICT_CACHE);
	assert_int_equal(r.verdict, VERDICT_LEAK);
	assert_string_equal(r.summary, "1 line opens what is not closed");
	assert_string_equal(r.candidates[1].evidence[0],
			    "1,000 of 1,024 descriptors are in use, all of them in 1 min 30 s");
	report_release(&r);
	resources_release(&found);
}

static void the_usual_causes_are_told_by_stack_and_holder(void **state)
{
	struct resource_row row = { .kind = RESOURCE_PIPE };

	(void)state;
	resource_explain(&row);
	assert_string_equal(row.about.cause, "");
	strcpy(row.chain, " _io.FileIO _io.BufferedReader subprocess.Popen list");
	resource_explain(&row);
	assert_non_null(strstr(row.about.cause, "Popen"));
	row = (struct resource_row){ .kind = RESOURCE_THREAD };
	row.about.stack.depth = 1;
	strcpy(row.about.stack.frame[0].file, "/usr/lib/python3.11/concurrent/futures/thread.py");
	resource_explain(&row);
	assert_non_null(strstr(row.about.cause, "ThreadPoolExecutor"));
	row = (struct resource_row){ .kind = RESOURCE_THREAD, .chain = " threading.Timer dict" };
	resource_explain(&row);
	assert_non_null(strstr(row.about.cause, "Timers"));
	row = (struct resource_row){ .kind = RESOURCE_FILE,
				     .chain = " sqlite3.Connection sqlite3.Cursor list" };
	resource_explain(&row);
	assert_non_null(strstr(row.about.cause, "cursors"));
}

static void keys_keep_numbers_and_addresses(void **state)
{
	static const uint64_t ids[] = { 0, 1, 1023, 1ull << 30, 0x7ffffffff000ull };

	(void)state;
	for (size_t i = 0; i < 5; i++) {
		uint64_t key = resource_key(ACCOUNT_MAPPING, ids[i]);

		assert_int_equal(resource_id(key), ids[i]);
		assert_int_equal(resource_source(key), ACCOUNT_MAPPING);
	}
	/* Neighbours are told apart by what thins them out. */
	assert_true(account_keeps(resource_key(ACCOUNT_DESCRIPTOR, 7), 0));
	for (unsigned fd = 0, kept = 0; fd < 4096; fd++) {
		kept += account_keeps(resource_key(ACCOUNT_DESCRIPTOR, fd), 4);
		if (fd == 4095)
			assert_in_range(kept, 200, 320);
	}
}

static void descriptors_are_found_by_number(void **state)
{
	struct descriptor list[] = { { .fd = 0 }, { .fd = 2 }, { .fd = 90 } };
	const struct descriptors d = { .descriptor = list, .count = 3 };

	(void)state;
	assert_ptr_equal(descriptors_find(&d, 90), &list[2]);
	assert_ptr_equal(descriptors_find(&d, 0), &list[0]);
	assert_null(descriptors_find(&d, 1));
	assert_null(descriptors_find(&d, 91));
}

static void a_number_used_again_is_told_by_what_it_is(void **state)
{
	struct descriptor list[] = { { .fd = 3, .kind = RESOURCE_SOCKET, .inode = 7 },
				     { .fd = 4, .kind = RESOURCE_FILE, .what = "/a" } };
	const struct descriptors d = { .descriptor = list, .count = 2 };
	struct descriptor one = list[0];

	(void)state;
	strcpy(one.what, "tcp listening on :80"); /* described since */
	assert_true(descriptors_has(&d, &one));
	one.inode = 8;
	assert_false(descriptors_has(&d, &one));
	one = list[1];
	assert_true(descriptors_has(&d, &one));
	strcpy(one.what, "/b");
	assert_false(descriptors_has(&d, &one));
	one.fd = 5;
	assert_false(descriptors_has(&d, &one));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(steady_growth_is_a_leak),
		cmocka_unit_test(few_are_undecided),
		cmocka_unit_test(a_pool_that_fills_is_none),
		cmocka_unit_test(connections_that_take_turns_are_none),
		cmocka_unit_test(leaks_come_first_and_nothing_is_left_out),
		cmocka_unit_test(things_alike_are_counted_most_first),
		cmocka_unit_test(candidates_stand_behind_leaks_of_memory),
		cmocka_unit_test(the_usual_causes_are_told_by_stack_and_holder),
		cmocka_unit_test(keys_keep_numbers_and_addresses),
		cmocka_unit_test(descriptors_are_found_by_number),
		cmocka_unit_test(a_number_used_again_is_told_by_what_it_is),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
