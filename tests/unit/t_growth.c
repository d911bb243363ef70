// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../../user/rank/growth.h"

#define INTERVAL 5.0
#define MIB (1 << 20)
#define KIB (1 << 10)

/* The rate after @samples of @bytes_at(second). */
static double after(unsigned samples, int64_t (*bytes_at)(double seconds))
{
	struct growth g = { 0 };

	for (unsigned i = 0; i < samples; i++)
		growth_add(&g, bytes_at(i * INTERVAL), INTERVAL);
	return growth_rate(&g, INTERVAL);
}

static int64_t steady(double t)
{
	(void)t;
	return 80 * MIB;
}

static int64_t leak(double t)
{
	return 80 * MIB + (int64_t)(t * 20 * KIB);
}

static int64_t slow_leak(double t)
{
	return 80 * MIB + (int64_t)(t * 200) / 4096 * 4096;
}

/* Fills and empties every 40 seconds. */
static int64_t sawtooth(double t)
{
	return 80 * MIB + ((int64_t)t % 40) * MIB;
}

static int64_t leak_below_a_sawtooth(double t)
{
	return sawtooth(t) + (int64_t)(t * 100 * KIB);
}

static int64_t warm_up(double t)
{
	return 20 * MIB + (t < 60 ? (int64_t)(t * MIB) : 60 * MIB);
}

static void who_grows_is_seen(void **state)
{
	double rate = after(36, leak);

	(void)state;
	assert_true(rate > 18 * KIB && rate < 22 * KIB);
	assert_true(after(7, leak) > 18 * KIB); /* after 35 seconds already */
	assert_true(after(120, leak_below_a_sawtooth) > 50 * KIB);
}

static void a_slow_leak_takes_an_hour(void **state)
{
	(void)state;
	assert_true(after(36, slow_leak) == 0);
	assert_true(after(720, slow_leak) > 150);
}

static void who_does_not_is_let_alone(void **state)
{
	(void)state;
	for (unsigned samples = 0; samples < 900; samples += 7) {
		assert_true(after(samples, steady) == 0);
		assert_true(after(samples < 60 ? 60 : samples, sawtooth) == 0);
		/* While it warms up it does grow; soon after it does not. */
		assert_true(after(samples < 40 ? 40 : samples, warm_up) == 0);
	}
}

static void a_little_is_no_growth(void **state)
{
	struct growth g = { 0 };

	(void)state;
	for (unsigned i = 0; i < 36; i++)
		growth_add(&g, 80 * MIB + i * 4 * KIB, INTERVAL); /* 144 KiB in 3 minutes */
	assert_true(growth_rate(&g, INTERVAL) == 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(who_grows_is_seen),
		cmocka_unit_test(a_slow_leak_takes_an_hour),
		cmocka_unit_test(who_does_not_is_let_alone),
		cmocka_unit_test(a_little_is_no_growth),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
