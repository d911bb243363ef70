// SPDX-License-Identifier: Apache-2.0
/*
 * Does it grow? Judged from sizes over time, without a threshold picked by eye: a container that
 * takes in and gives away at random changes size by about the square root of both together, and
 * growth must be far beyond that.
 *
 *	z        gain / sqrt(gain + 2 * departures): how far from a container that turns over
 *	silence  how many more would have come since it last grew, at the rate until then; none
 *	         where it paused for about as long before
 *	troughs  what is left where it was emptied
 *
 * Error rates, as tests/unit/t_trend.c shows them by simulating thousands of containers over a
 * look of 15 s:
 *
 *	truth                                      called a leak   called otherwise
 *	turns over, at any rate                    1 in 10,000     cache 2 in 3, undecided
 *	fills up to its bound, then replaces       1 in 5,000      cache
 *	is filled and emptied, again and again     1 in 1,000      cache 19 in 20, undecided
 *	grows and stops for good                   1 in 5,000      warm-up
 *	leaks 20 a second                          999 in 1,000
 *	leaks in bursts, up to 2 s apart           all
 *	leaks 10 of 30 a second that come          9 in 10         undecided; cache 1 in 40
 *	is emptied, and a fifth forgotten          9 in 10         undecided
 *	leaks 1 a second                           1 in 4          undecided; -d 2m tells
 *
 * What fills up all through a look cannot be told from a leak: a longer look tells those apart.
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
/* Expected arrivals that did not come: by chance once in 10,000 (exp(-9.2)). */
#define TREND_SILENCE 9.2
#define TREND_FALL 0.25 /* of the range: a larger fall empties the container */
/* Levels in random order all rise once in 7! = 5,040. */
#define TREND_TROUGHS 7

/* Sizes of one holder over time, in order; points may lie unevenly. */
struct series {
	double seconds[TREND_POINTS_MAX];
	double size[TREND_POINTS_MAX];
	unsigned count;
};

void series_add(struct series *s, double seconds,
		double size); /* a full series keeps its first half and drops every other */

/* The size at a time between two points, by a straight line. */
double series_at(const struct series *s, double seconds);

struct trend {
	double gain;	   /* last minus first */
	double per_second; /* of the whole */
	double drop; /* largest fall below a maximum before, relative to the gain; 0 where it never
			fell */
	double late_share;  /* rate over the last third relative to the rate over the whole: 1
			       steady, 0 stopped */
	double late_gain;   /* over the last third */
	double z;	    /* gain in standard deviations of a container that only turns over */
	double needed;	    /* seconds of a look after which the same growth is TREND_Z_LEAK */
	double stopped_at;  /* seconds from the start when it was as large as it ever was, nearly */
	double silence;	    /* TREND_SILENCE and more: it stopped there, not by chance */
	unsigned troughs;   /* times it was emptied */
	double trough_gain; /* what was left the last time, minus what was there at first */
	bool troughs_rise;  /* every time more was left, TREND_TROUGHS times at least */
	bool rising;	    /* more at the end than in the middle, more there than at first */
};

/* @arrivals: how many came in over the whole time, as far as known (0: unknown; then only what left
 * is counted from falls). */
struct trend trend_of(const struct series *s, double arrivals);

#endif
