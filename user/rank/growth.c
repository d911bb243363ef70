// SPDX-License-Identifier: Apache-2.0
#include "growth.h"

#define SAMPLES_LEAST 6	  /* two for each third */
#define SHARE_LEAST 0.002 /* of what it has: two in a thousand */
#define STILL_GROWS 0.3	  /* second half of the rise, relative to the first: has not ended */
#define MINUTE 60.0

void growth_add(struct growth *g, int64_t bytes, double interval)
{
	g->fast[g->fast_count++ % GROWTH_FAST] = bytes;
	if (g->minute_seconds == 0 || bytes < g->minute_least)
		g->minute_least = bytes;
	g->minute_seconds += interval;
	if (g->minute_seconds < MINUTE)
		return;
	g->slow[g->slow_count++ % GROWTH_SLOW] = g->minute_least;
	g->minute_seconds = 0;
}

/* The @i-th oldest of @count values that a ring of @size still has. */
static int64_t at(const int64_t *ring, uint32_t size, uint32_t count, uint32_t i)
{
	return count <= size ? ring[i] : ring[(count + i) % size];
}

static double rate_of(const int64_t *ring, uint32_t size, uint32_t count, double interval)
{
	uint32_t n = count < size ? count : size, third = n / 3;
	int64_t least[3] = { INT64_MAX, INT64_MAX, INT64_MAX };
	double first, second;

	if (n < SAMPLES_LEAST)
		return 0;
	for (uint32_t i = 0; i < n; i++) {
		uint32_t part = i < third ? 0 : i < 2 * third ? 1 : 2;
		int64_t value = at(ring, size, count, i);

		if (value < least[part])
			least[part] = value;
	}
	first = (double)(least[1] - least[0]);
	second = (double)(least[2] - least[1]);
	if (first <= 0 || second < STILL_GROWS * first || first + second < GROWTH_LEAST_BYTES ||
	    first + second < SHARE_LEAST * (double)least[0])
		return 0;
	/* From the beginning of the first third to that of the last. */
	return (first + second) / (2 * third * interval);
}

double growth_rate(const struct growth *g, double interval)
{
	double rate = rate_of(g->fast, GROWTH_FAST, g->fast_count, interval);

	return rate > 0 ? rate : rate_of(g->slow, GROWTH_SLOW, g->slow_count, MINUTE);
}
