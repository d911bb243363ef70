// SPDX-License-Identifier: Apache-2.0
/*
 * Does it grow? Judged from sizes over time, without a threshold picked by eye: a container that
 * takes in and gives away at random changes size by about the square root of both together, and
 * growth must be far beyond that.
 */
#ifndef PYLEAK_RANK_TREND_H
#define PYLEAK_RANK_TREND_H

#include <stdbool.h>
#include <stdint.h>

#define TREND_POINTS_MAX 128
/*
 * Standard deviations beyond chance. Of simulated containers that only turn over one in 5,000
 * passes for a leak (tests/unit/t_trend.c), because how many came is known only for the last part
 * of a look.
 */
#define TREND_Z_LEAK 4.0
#define TREND_Z_PLAIN 6.0 /* enough to end a look early */

/* Sizes of one holder over time, in order; points may lie unevenly. */
struct series {
	double seconds[TREND_POINTS_MAX];
	double size[TREND_POINTS_MAX];
	unsigned count;
};

void series_add(struct series *s, double seconds,
		double size); /* a full series keeps its first half and drops every other */

struct trend {
	double gain;	   /* last minus first */
	double per_second; /* of the whole */
	double drop; /* largest fall below a maximum before, relative to the gain; 0 where it never
			fell */
	double late_share; /* rate over the last third relative to the rate over the whole: 1
			      steady, 0 stopped */
	double z;	   /* gain in standard deviations of a container that only turns over */
	bool rising;	   /* more at the end than in the middle, more there than at first */
};

/* @arrivals: how many came in over the whole time, as far as known (0: unknown; then only what left
 * is counted from falls). */
struct trend trend_of(const struct series *s, double arrivals);

#endif
