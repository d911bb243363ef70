// SPDX-License-Identifier: Apache-2.0
/*
 * Rotation and back-off, with a clock made by hand: a look takes 5 seconds.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../../user/agent/turns.h"

#define SECOND 1000000000ull
#define AGAIN (120 * SECOND)
#define AGAIN_MOST (3600 * SECOND)

/* Look for @seconds at whoever is due; @found says what comes of the n-th look at all. */
static unsigned run(struct turn *turn, unsigned count, uint64_t seconds,
		    enum look_result (*found)(unsigned look))
{
	unsigned looks = 0;

	for (uint64_t now = SECOND; now < seconds * SECOND; now += SECOND) {
		struct turn *best = NULL;

		for (unsigned i = 0; i < count; i++)
			if (turn_is_due(&turn[i], now) && turn_before(&turn[i], best))
				best = &turn[i];
		if (!best)
			continue;
		turn_begin(best);
		now += 5 * SECOND;
		turn_end(best, found(looks++), now, AGAIN, AGAIN_MOST);
	}
	return looks;
}

static enum look_result always_new(unsigned look)
{
	(void)look;
	return LOOK_NEW;
}

static enum look_result new_once(unsigned look)
{
	return look ? LOOK_KNOWN : LOOK_NEW;
}

static enum look_result nothing(unsigned look)
{
	(void)look;
	return LOOK_NOTHING;
}

static void ten_services_take_turns(void **state)
{
	struct turn_group group[10] = { 0 };
	struct turn turn[10] = { 0 };

	(void)state;
	for (unsigned i = 0; i < 10; i++)
		turn[i] = (struct turn){ .group = &group[i], .rate = i + 1 };
	assert_int_equal(run(turn, 10, 61, always_new), 10);
	for (unsigned i = 0; i < 10; i++)
		assert_int_equal(turn[i].looks, 1);
	/* The fastest was the first. */
	assert_true(turn[9].looked_ns < turn[0].looked_ns);
}

static void a_leak_of_all_workers_takes_few_looks(void **state)
{
	struct turn_group group = { 0 };
	struct turn turn[16] = { 0 };

	(void)state;
	for (unsigned i = 0; i < 16; i++)
		turn[i] = (struct turn){ .group = &group, .rate = 1 };
	assert_true(run(turn, 16, 600, new_once) <= 6);
}

static void leaks_that_differ_are_all_found(void **state)
{
	struct turn_group group = { 0 };
	struct turn turn[8] = { 0 };

	(void)state;
	for (unsigned i = 0; i < 8; i++)
		turn[i] = (struct turn){ .group = &group, .rate = 1 };
	run(turn, 8, 180, always_new);
	for (unsigned i = 0; i < 8; i++)
		assert_true(turn[i].looks >= 1);
}

static void who_is_well_is_looked_at_ever_less(void **state)
{
	struct turn_group group = { 0 };
	struct turn turn = { .group = &group, .rate = 1 };

	(void)state;
	/* 2, 4, 8, 16, 32 minutes, then once an hour. */
	assert_in_range(run(&turn, 1, 24 * 3600, nothing), 20, 30);
	turn.rate = 0;
	assert_false(turn_is_due(&turn, 48 * 3600 * SECOND));
}

static void one_of_a_group_at_a_time(void **state)
{
	struct turn_group group = { 0 };
	struct turn turn[2] = { { .group = &group, .rate = 1 }, { .group = &group, .rate = 2 } };

	(void)state;
	turn_begin(&turn[0]);
	assert_false(turn_is_due(&turn[1], SECOND));
	turn_end(&turn[0], LOOK_NEW, SECOND, AGAIN, AGAIN_MOST);
	assert_false(turn_is_due(&turn[1], 2 * SECOND));
	assert_true(turn_is_due(&turn[1], SECOND + TURN_GROUP_WAIT_NS));
}

static void descriptors_that_grow_are_worth_a_look(void **state)
{
	struct turn_group group = { 0 };
	struct turn turn = { .group = &group };

	(void)state;
	assert_false(turn_is_due(&turn, SECOND));
	turn.descriptors = true;
	assert_true(turn_grows(&turn));
	assert_true(turn_is_due(&turn, SECOND));
}

static void an_allowance_refills(void **state)
{
	struct allowance a = { .most = 10, .per_second = 0.02 };

	(void)state;
	assert_true(allowance_is_left(&a, SECOND));
	allowance_use(&a, 12);
	assert_false(allowance_is_left(&a, 2 * SECOND));
	assert_false(allowance_is_left(&a, 90 * SECOND));
	assert_true(allowance_is_left(&a, 110 * SECOND));
	assert_true(allowance_is_left(&a, 100000 * SECOND));
	assert_true(a.seconds <= 10);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ten_services_take_turns),
		cmocka_unit_test(a_leak_of_all_workers_takes_few_looks),
		cmocka_unit_test(leaks_that_differ_are_all_found),
		cmocka_unit_test(who_is_well_is_looked_at_ever_less),
		cmocka_unit_test(one_of_a_group_at_a_time),
		cmocka_unit_test(descriptors_that_grow_are_worth_a_look),
		cmocka_unit_test(an_allowance_refills),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
