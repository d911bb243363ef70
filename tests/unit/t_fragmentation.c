// SPDX-License-Identifier: Apache-2.0
/*
 * Growth by free memory, and what looks like it and is not.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "../../user/rank/fragmentation.h"

#define MIB 1048576.0

/* Five walks, at each of which so many MiB more are free, and live. */
static struct fragments heaps(double native, double python, double live)
{
	static const double seconds[] = { 0, 1.2, 2.4, 5, 10 };
	struct fragments f = { .walks = 5 };

	for (unsigned i = 0; i < f.walks; i++) {
		f.seconds[i] = seconds[i];
		f.native_free[i] = (1 + native * i) * MIB;
		f.python_free[i] = (1 + python * i) * MIB;
		f.live[i] = (20 + live * i) * MIB;
	}
	return f;
}

static struct series sizes(double gain, double back)
{
	struct series rss = { 0 };

	for (unsigned i = 0; i <= 40; i++)
		series_add(&rss, i * 0.25, (30 + gain * i / 40 - (i % 8 == 7 ? back : 0)) * MIB);
	return rss;
}

static void growth_by_free_memory_is_told(void **state)
{
	struct fragments f = heaps(2, 0, 0.1);
	struct series rss = sizes(8, 0);
	struct candidate c;

	(void)state;
	assert_true(fragmentation_judge(&c, &f, &rss, 7 << 20));
	assert_int_equal(c.verdict, VERDICT_FRAGMENTATION);
	assert_true(c.inuse_bytes == 8 << 20 && fabs(c.bytes_per_second - 0.8 * MIB) < 1);
	assert_non_null(strstr(c.cause, "malloc"));
	assert_non_null(strstr(c.advice, "malloc_trim"));
	assert_non_null(strstr(c.evidence[2], "7.0 MiB"));
	f = heaps(0, 2, 0.1);
	assert_true(fragmentation_judge(&c, &f, &rss, UNKNOWN));
	assert_non_null(strstr(c.cause, "arenas"));
	/* work was going on at the last walk: its memory counts as live there */
	f.python_free[4] = MIB;
	f.live[4] += 8 * MIB;
	rss = sizes(10, 0);
	assert_true(fragmentation_judge(&c, &f, &rss, UNKNOWN));
}

static void other_growth_is_none(void **state)
{
	struct fragments f = heaps(2, 0, 0);
	struct series rss = sizes(8, 6), steady = sizes(0, 0), large = sizes(30, 0);
	struct candidate c;

	(void)state;
	assert_false(fragmentation_judge(&c, &f, &rss, UNKNOWN));    /* it is given back */
	assert_false(fragmentation_judge(&c, &f, &steady, UNKNOWN)); /* RSS does not grow */
	assert_false(fragmentation_judge(&c, &f, &large, UNKNOWN));  /* most of it is live */
	for (unsigned i = 12; i < rss.count; i++)
		steady.size[i] += 8 * MIB;
	assert_false(fragmentation_judge(&c, &f, &steady, UNKNOWN)); /* it grew early and no more */
	rss = sizes(8, 0);
	f = heaps(0, 0, 2);
	assert_false(fragmentation_judge(&c, &f, &rss, UNKNOWN));
	f.walks = 2;
	assert_false(fragmentation_judge(&c, &f, &rss, UNKNOWN));
}

/* A small block after the other: little, but more at each of five walks. */
static void slow_growth_is_told(void **state)
{
	struct fragments f = heaps(0.15, 0, 0);
	struct series rss = sizes(0.6, 0);
	struct candidate c;

	(void)state;
	assert_true(fragmentation_judge(&c, &f, &rss, 9 << 20));
	f.native_free[2] = f.native_free[1];
	assert_false(fragmentation_judge(&c, &f, &rss, 9 << 20));
}

static void what_is_free_all_the_time_is_told(void **state)
{
	struct fragments f = heaps(0, 0, 0);
	struct candidate c;

	(void)state;
	assert_false(fragmentation_unused(&c, &f, 30 << 20, UNKNOWN));
	for (unsigned i = 0; i < f.walks; i++)
		f.native_free[i] = (80 + i % 2) * MIB;
	assert_true(fragmentation_unused(&c, &f, 100 << 20, 79 << 20));
	assert_int_equal(c.verdict, VERDICT_FRAGMENTATION);
	assert_true(c.bytes_per_second == 0 && c.inuse_bytes == 81 << 20);
	assert_non_null(strstr(c.cause, "malloc"));
	assert_non_null(strstr(c.evidence[1], "79.0 MiB"));
	assert_false(fragmentation_unused(&c, &f, 200 << 20, 79 << 20)); /* most of RSS is used */
	assert_false(fragmentation_unused(&c, &f, UNKNOWN, UNKNOWN));
	f.native_free[2] = MIB; /* it was needed meanwhile */
	assert_false(fragmentation_unused(&c, &f, 100 << 20, 79 << 20));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(growth_by_free_memory_is_told),
		cmocka_unit_test(other_growth_is_none),
		cmocka_unit_test(slow_growth_is_told),
		cmocka_unit_test(what_is_free_all_the_time_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
