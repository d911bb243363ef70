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
	double bound; /* full: what comes replaces what was there; 0: none */
	double batch; /* so many are taken out at once; 0: never */
	double ends;  /* seconds after which nothing comes; 0: never */
	double stays; /* of what is taken out at once, what is forgotten */
	double every; /* seconds between bursts, in which all comes; 0: it comes one by one */
};

struct counts {
	unsigned int of[VERDICT_RESOURCE + 1];
};

/* What happens to a container in a while: how many came. */
static double pass(uint64_t *seed, struct simulated *c, double from, double to, double *size)
{
	double in = 0, out = 0;

	if (c->every)
		in = c->arrivals * c->every * (floor(to / c->every) - floor(from / c->every));
	else if (!c->ends || to <= c->ends)
		in = poisson(seed, c->arrivals, to - from);
	if (c->departures > 0)
		out = poisson(seed, c->departures, to - from);
	*size = fmax(0, *size + in - out);
	if (c->bound)
		*size = fmin(*size, c->bound);
	while (c->batch && *size >= c->batch + c->size) {
		*size -= c->batch * (1 - c->stays);
		c->size += c->batch * c->stays;
	}
	return in;
}

/*
 * A look at a container: walks at 0, 1.2, 2.4, 5 and 10 seconds, a size every tenth of a second
 * behind the third; who came between the last two walks is counted and stands for the whole look.
 */
static enum verdict look_at(uint64_t *seed, const struct simulated *container)
{
	struct simulated one = *container, *c = &one;
	struct measured m = { .look = LOOK, .bound = UNKNOWN, .lasting = true, .interval = 5 };
	struct candidate found = { 0 };
	double size = c->size + (c->batch ? floor(c->batch * uniform(seed)) : 0), came = 0;
	double before = 0;

	series_add(&m.size, 0, size);
	for (unsigned int i = 1; i <= LOOK * 10; i++) {
		double in = pass(seed, c, (i - 1) / 10.0, i / 10.0, &size);

		came += i > 50 && i <= 100 ? in : 0;
		before = i == 50 ? size : before;
		m.replaced = i == 100 ? came - (size - before) : m.replaced;
		if (i == 12 || i >= 24)
			series_add(&m.size, i / 10.0, size);
	}
	m.arrivals_per_second = came / 5;
	m.objects = (uint64_t)(c->arrivals * 5);
	m.bytes = m.objects * 200;
	verdict_judge(&found, &m);
	return found.verdict;
}

static struct counts look_at_many(const char *what, const struct simulated *c)
{
	uint64_t seed = 88172645463325252ULL;
	struct counts n = { { 0 } };

	for (int i = 0; i < CONTAINERS; i++)
		n.of[look_at(&seed, c)]++;
	printf("# %s, %.0f/s in, %.0f/s out: %u leak, %u cache, %u warm-up, %u undecided\n", what,
	       c->arrivals, c->departures, n.of[VERDICT_LEAK], n.of[VERDICT_CACHE],
	       n.of[VERDICT_WARM_UP], n.of[VERDICT_UNDECIDED]);
	return n;
}

/*
 * About one false alarm in 5,000 containers whose whole content turns over several times in a look:
 * those who came are counted between two walks, and the look goes on behind the last one.
 */
static void turnover_is_not_called_a_leak(void **state)
{
	static const struct simulated containers[] = {
		{ .arrivals = 1, .departures = 1, .size = 100 },
		{ .arrivals = 10, .departures = 10, .size = 50 },
		{ .arrivals = 10, .departures = 10, .size = 1000 },
		{ .arrivals = 100, .departures = 100, .size = 1000 },
	};
	unsigned int leaks = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(containers) / sizeof(containers[0]); i++)
		leaks += look_at_many("turns over", &containers[i]).of[VERDICT_LEAK];
	assert_in_range(leaks, 0, CONTAINERS * 4 / 5000);
}

static void what_fills_to_its_bound_is_a_cache(void **state)
{
	static const struct simulated soon = { .arrivals = 50, .bound = 150 },
				      later = { .arrivals = 50, .bound = 400 };
	struct counts n = look_at_many("fills in 3 s", &soon);

	(void)state;
	assert_in_range(n.of[VERDICT_LEAK], 0, CONTAINERS / 5000);
	assert_true(n.of[VERDICT_CACHE] > CONTAINERS * 99 / 100);
	n = look_at_many("fills in 8 s", &later);
	assert_in_range(n.of[VERDICT_LEAK], 0, CONTAINERS / 5000);
	assert_true(n.of[VERDICT_CACHE] > CONTAINERS * 9 / 10);
}

static void what_is_emptied_again_and_again_is_no_leak(void **state)
{
	static const struct simulated often = { .arrivals = 50, .batch = 100 },
				      seldom = { .arrivals = 50, .batch = 300 };
	struct counts n = look_at_many("emptied every 2 s", &often);

	(void)state;
	assert_in_range(n.of[VERDICT_LEAK], 0, CONTAINERS / 1000);
	assert_true(n.of[VERDICT_CACHE] > CONTAINERS * 9 / 10);
	n = look_at_many("emptied every 6 s", &seldom);
	assert_in_range(n.of[VERDICT_LEAK], 0, CONTAINERS / 1000);
}

static void what_stops_for_good_is_a_warm_up(void **state)
{
	static const struct simulated soon = { .arrivals = 20, .ends = 3 },
				      later = { .arrivals = 20, .ends = 8 };
	struct counts n = look_at_many("ends after 3 s", &soon);

	(void)state;
	assert_in_range(n.of[VERDICT_LEAK], 0, CONTAINERS / 5000);
	assert_true(n.of[VERDICT_WARM_UP] > CONTAINERS * 99 / 100);
	n = look_at_many("ends after 8 s", &later);
	assert_in_range(n.of[VERDICT_LEAK], 0, CONTAINERS / 5000);
	assert_true(n.of[VERDICT_WARM_UP] > CONTAINERS * 9 / 10);
}

/* Whatever the look ends in: the pause between two bursts is no end of them. */
static void bursts_are_not_said_to_stop(void **state)
{
	static const double every[] = { 0.17, 0.31, 0.5, 0.73, 1, 1.9 };

	(void)state;
	for (size_t i = 0; i < sizeof(every) / sizeof(every[0]); i++) {
		struct simulated c = { .arrivals = 180, .size = 10, .every = every[i] };
		struct counts n = look_at_many("comes in bursts", &c);

		assert_int_equal(n.of[VERDICT_LEAK], CONTAINERS);
	}
}

static void leaks_are_found(void **state)
{
	static const struct simulated sparse = { .arrivals = 1, .size = 10 },
				      plain = { .arrivals = 20, .size = 10 },
				      under_churn = { .arrivals = 30,
						      .departures = 20,
						      .size = 100 },
				      saw = { .arrivals = 100, .batch = 150, .stays = 0.2 };
	struct counts n = look_at_many("leaks", &sparse);

	(void)state;
	assert_true(n.of[VERDICT_LEAK] > CONTAINERS / 5);
	n = look_at_many("leaks", &plain);
	assert_true(n.of[VERDICT_LEAK] > CONTAINERS * 999 / 1000);
	n = look_at_many("leaks", &under_churn);
	assert_true(n.of[VERDICT_LEAK] > CONTAINERS * 8 / 10);
	n = look_at_many("leaks and is emptied", &saw);
	assert_true(n.of[VERDICT_LEAK] > CONTAINERS * 9 / 10);
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
		cmocka_unit_test(what_fills_to_its_bound_is_a_cache),
		cmocka_unit_test(what_is_emptied_again_and_again_is_no_leak),
		cmocka_unit_test(what_stops_for_good_is_a_warm_up),
		cmocka_unit_test(bursts_are_not_said_to_stop),
		cmocka_unit_test(leaks_are_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
