// SPDX-License-Identifier: Apache-2.0
/*
 * Does it grow? Shapes by hand, and thousands of simulated containers: how often one that only
 * turns over is called a leak, and how often a leak is found.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "../../user/rank/trend.h"
#include "../../user/rank/verdict.h"

#define LOOK 15.0
#define CONTAINERS 10000

/* xorshift64*: the same containers every time. */
static double uniform(uint64_t *seed)
{
	*seed ^= *seed >> 12;
	*seed ^= *seed << 25;
	*seed ^= *seed >> 27;
	return ((double)(*seed * 2685821657736338717ULL >> 11) + 0.5) / (double)(1ULL << 53);
}

/* How many events of a rate in a time: exponential gaps, exact for any rate. */
static unsigned int poisson(uint64_t *seed, double rate, double seconds)
{
	unsigned int events = 0;

	for (double t = -log(uniform(seed)) / rate; t < seconds; t -= log(uniform(seed)) / rate)
		events++;
	return events;
}

static struct series shape(double (*size)(double seconds))
{
	struct series s = { 0 };

	for (double t = 0; t <= LOOK; t += 0.5)
		series_add(&s, t, size(t));
	return s;
}

static double steady(double t)
{
	return 100 + 20 * t;
}

static double plateau(double t)
{
	return t < 4 ? 100 + 50 * t : 300;
}

static double saw(double t)
{
	return 100 + 40 * fmod(t, 4);
}

static double shrinking(double t)
{
	return 1000 - 10 * t;
}

static double flat(double t)
{
	(void)t;
	return 42;
}

static void shapes_are_told_apart(void **state)
{
	struct series s = shape(steady);
	struct trend t = trend_of(&s, 0);

	(void)state;
	assert_true(t.gain == 300 && fabs(t.per_second - 20) < 1e-9);
	assert_true(t.drop == 0 && fabs(t.late_share - 1) < 1e-9 && t.z > TREND_Z_PLAIN);
	assert_true(t.rising);

	s = shape(plateau);
	t = trend_of(&s, 0);
	assert_true(t.gain == 200 && t.late_share < 0.01 && !t.rising);

	s = shape(saw);
	t = trend_of(&s, 0);
	assert_true(t.drop > 1);

	s = shape(shrinking);
	t = trend_of(&s, 0);
	assert_true(t.gain == -150 && t.z == 0 && !t.rising);

	s = shape(flat);
	t = trend_of(&s, 1000);
	assert_true(t.gain == 0 && t.z == 0 && t.drop == 0 && !t.rising);
}

/* The same gain is less sure the more came in for it. */
static void turnover_takes_away_from_certainty(void **state)
{
	struct series s = shape(steady);

	(void)state;
	assert_true(trend_of(&s, 300).z > trend_of(&s, 3000).z);
	assert_true(trend_of(&s, 300).z == trend_of(&s, 0).z);
	assert_true(trend_of(&s, 100000).z < TREND_Z_LEAK);
}

static void too_little_is_no_trend(void **state)
{
	struct series s = { 0 };

	(void)state;
	assert_true(trend_of(&s, 0).z == 0);
	series_add(&s, 1, 5);
	assert_true(trend_of(&s, 0).z == 0);
	series_add(&s, 1, 50); /* at the same moment */
	assert_true(trend_of(&s, 0).z == 0 && trend_of(&s, 0).per_second == 0);
}

static void numbers_that_are_none_end(void **state)
{
	struct series s = { 0 };

	(void)state;
	series_add(&s, 0, INFINITY);
	series_add(&s, NAN, -INFINITY);
	series_add(&s, -5, NAN);
	trend_of(&s, NAN);
	s = (struct series){ 0 };
	for (int i = 0; i < 5; i++)
		series_add(&s, i, i % 2 ? 1e300 : 0);
	assert_false(trend_of(&s, 0).rising);
}

static void a_full_series_keeps_both_ends_and_its_order(void **state)
{
	struct series s = { 0 };

	(void)state;
	for (int i = 0; i < 10000; i++) {
		series_add(&s, i, 10 + i);
		assert_true(s.count <= TREND_POINTS_MAX);
		assert_true(s.seconds[0] == 0 && s.seconds[s.count - 1] == i);
	}
	for (unsigned int i = 1; i < s.count; i++)
		assert_true(s.seconds[i] > s.seconds[i - 1]);
	assert_true(trend_of(&s, 0).gain == 9999);
}

struct simulated {
	double arrivals, departures; /* a second; of what departs, what there is */
	double size;
};

/*
 * A look at a container: walks at 0, 1.2, 2.4, 5 and 10 seconds, a size every tenth of a second
 * behind the last; who came between the last two walks is counted and stands for the whole look.
 */
static enum verdict look_at(uint64_t *seed, const struct simulated *c)
{
	static const double walks[] = { 0, 1.2, 2.4, 5, 10 };
	struct measured m = { .look = LOOK, .bound = UNKNOWN, .lasting = true, .interval = 5 };
	struct candidate found = { 0 };
	double now = 0, size = c->size, came = 0;

	for (unsigned int i = 0; i < 5 + 50; i++) {
		double then = i < 5 ? walks[i] : 10 + (i - 4) * 0.1;
		double in = 0, out = 0;

		if (then > now) {
			in = poisson(seed, c->arrivals, then - now);
			if (c->departures > 0)
				out = poisson(seed, c->departures, then - now);
		}
		size = fmax(0, size + in - out);
		came = i == 4 ? in : came;
		now = then;
		series_add(&m.size, now, size);
	}
	m.arrivals_per_second = came / 5;
	m.objects = (uint64_t)(c->arrivals * 5);
	m.bytes = m.objects * 200;
	verdict_judge(&found, &m);
	return found.verdict;
}

static unsigned int called_leaks(const struct simulated *c)
{
	uint64_t seed = 88172645463325252ULL;
	unsigned int leaks = 0;

	for (int i = 0; i < CONTAINERS; i++)
		leaks += look_at(&seed, c) == VERDICT_LEAK;
	printf("# in %.1f/s, out %.1f/s, size %.0f: %u of %d called leaks\n", c->arrivals,
	       c->departures, c->size, leaks, CONTAINERS);
	return leaks;
}

/*
 * About one false alarm in 5,000 containers whose whole content turns over several times in a look:
 * those who came are counted between two walks, and the look goes on behind the last one.
 */
static void turnover_is_not_called_a_leak(void **state)
{
	static const struct simulated containers[] = {
		{ 1, 1, 100 }, { 10, 10, 50 }, { 10, 10, 1000 }, { 100, 100, 1000 }
	};
	unsigned int leaks = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(containers) / sizeof(containers[0]); i++)
		leaks += called_leaks(&containers[i]);
	printf("# false alarms: %u of %zu\n", leaks,
	       CONTAINERS * (sizeof(containers) / sizeof(containers[0])));
	assert_in_range(leaks, 0, CONTAINERS * 4 / 500);
}

static void leaks_are_found(void **state)
{
	static const struct simulated sparse = { 1, 0, 10 }, plain = { 20, 0, 10 },
				      under_churn = { 30, 20, 100 };

	(void)state;
	assert_true(called_leaks(&sparse) > CONTAINERS / 5);
	assert_true(called_leaks(&plain) > CONTAINERS * 999 / 1000);
	assert_true(called_leaks(&under_churn) > CONTAINERS * 8 / 10);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(shapes_are_told_apart),
		cmocka_unit_test(turnover_takes_away_from_certainty),
		cmocka_unit_test(too_little_is_no_trend),
		cmocka_unit_test(numbers_that_are_none_end),
		cmocka_unit_test(a_full_series_keeps_both_ends_and_its_order),
		cmocka_unit_test(turnover_is_not_called_a_leak),
		cmocka_unit_test(leaks_are_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
