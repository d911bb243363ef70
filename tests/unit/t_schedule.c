// SPDX-License-Identifier: Apache-2.0
/*
 * When to walk, for every duration that can be asked for.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../../user/heap/walk.h"
#include "../../user/session/schedule.h"

static void check(uint64_t duration_ns)
{
	struct schedule s = schedule_for(duration_ns);

	assert_in_range(s.walks, 3, SCHEDULE_MAX); /* fewer name no survivors */
	assert_true(s.walks <= WALKS_MAX);
	assert_true(s.at[0] == 0);
	for (unsigned int i = 1; i < s.walks; i++)
		assert_true(s.at[i] > s.at[i - 1]);
	assert_true(s.at[s.walks - 1] < s.end);
	assert_int_equal(s.may_end_early, duration_ns == 0);
	if (duration_ns)
		assert_true(s.end == (double)duration_ns / 1e9);
}

static void walks_are_in_order_and_leave_time_for_the_stores(void **state)
{
	(void)state;
	check(0);
	for (uint64_t ns = 1; ns < 1ULL << 62; ns *= 3)
		check(ns);
	for (uint64_t seconds = 1; seconds < 120; seconds++)
		check(seconds * 1000000000);
}

static void the_default_shows_a_plain_leak_in_seconds(void **state)
{
	struct schedule s = schedule_for(0);

	(void)state;
	assert_true(s.at[2] < 3);
	assert_true(s.end == 15);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(walks_are_in_order_and_leave_time_for_the_stores),
		cmocka_unit_test(the_default_shows_a_plain_leak_in_seconds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
