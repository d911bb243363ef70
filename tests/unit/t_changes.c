// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "../../user/rank/changes.h"

static struct candidate leak(const char *held_by, const char *function, int line, double rate)
{
	struct candidate c = { .verdict = VERDICT_LEAK, .bytes_per_second = rate, .type = "dict" };

	snprintf(c.held_by, sizeof(c.held_by), "%s", held_by);
	if (function) {
		c.stored_known = true;
		snprintf(c.stored_at.file, sizeof(c.stored_at.file), "app/cache.py");
		snprintf(c.stored_at.function, sizeof(c.stored_at.function), "%s", function);
		c.stored_at.line = line;
	}
	return c;
}

static enum change_kind compare(struct candidate before, struct candidate after)
{
	struct report a = { .candidates = &before, .count = 1 };
	struct report b = { .candidates = &after, .count = 1 };
	struct changes c;
	enum change_kind kind;

	assert_int_equal(changes_find(&c, &a, &b), 0);
	kind = c.change[0].kind;
	assert_int_equal(c.count, kind == CHANGE_NEW ? 2 : 1);
	if (kind == CHANGE_NEW)
		assert_int_equal(c.change[1].kind, CHANGE_GONE);
	changes_release(&c);
	return kind;
}

static void the_same_leak_has_moved_lines_and_numbers(void **state)
{
	(void)state;
	assert_int_equal(compare(leak("module app: CACHE[17][*]", "keep", 40, 1000),
				 leak("module app: CACHE[9][*]", "keep", 57, 1100)),
			 CHANGE_SAME);
	assert_int_equal(compare(leak("module app: CACHE", "keep", 40, 1000),
				 leak("module app: CACHE", "keep", 40, 2000)),
			 CHANGE_FASTER);
	assert_int_equal(compare(leak("module app: CACHE", "keep", 40, 1000),
				 leak("module app: CACHE", NULL, 0, 100)),
			 CHANGE_SLOWER);
}

static void others_are_new_and_gone(void **state)
{
	(void)state;
	assert_int_equal(compare(leak("module app: CACHE", "keep", 40, 1000),
				 leak("module app: CACHE", "remember", 40, 1000)),
			 CHANGE_NEW);
	assert_int_equal(compare(leak("module app: CACHE", "keep", 40, 1000),
				 leak("module app: CACHE2", "keep", 40, 1000)),
			 CHANGE_NEW);
	assert_int_equal(compare(leak("", NULL, 0, 1000), leak("", NULL, 0, 1000)), CHANGE_NEW);
}

static void two_of_a_kind_are_matched_once_each(void **state)
{
	struct candidate before[] = { leak("module app: A[1]", NULL, 0, 10) };
	struct candidate after[] = { leak("module app: A[2]", NULL, 0, 10),
				     leak("module app: A[3]", NULL, 0, 30) };
	struct report a = { .candidates = before, .count = 1 };
	struct report b = { .candidates = after, .count = 2 };
	struct changes c;

	(void)state;
	assert_int_equal(changes_find(&c, &a, &b), 0);
	assert_int_equal(c.kinds[CHANGE_SAME], 1);
	assert_int_equal(c.kinds[CHANGE_NEW], 1);
	assert_ptr_equal(c.change[0].after, &after[1]);
	changes_release(&c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_same_leak_has_moved_lines_and_numbers),
		cmocka_unit_test(others_are_new_and_gone),
		cmocka_unit_test(two_of_a_kind_are_matched_once_each),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
