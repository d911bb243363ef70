// SPDX-License-Identifier: Apache-2.0
/*
 * Is it worth a look? Judged from the resident memory of a process alone, sampled evenly. The
 * answer may be wrong in the cautious direction, since a look follows that reads the heap: a
 * process that warms up is looked at and found to be well.
 *
 * A window is cut into thirds, and the least of each is compared, so that bursts which are given
 * back do not count:
 *
 *	     /|  /|     least of the thirds rises: grows        /|  /|  /|    does not rise
 *	 /|_/ |_/ |                                            / |_/ |_/ |
 *	/
 *
 * Two windows: the last 3 minutes at the agent's pace, the last hour as one least value a minute.
 */
#ifndef PYLEAK_RANK_GROWTH_H
#define PYLEAK_RANK_GROWTH_H

#include <stdbool.h>
#include <stdint.h>

#define GROWTH_FAST 36
#define GROWTH_SLOW 60
#define GROWTH_LEAST_BYTES (192 << 10) /* over a window; less is noise of allocators */

struct growth {
	int64_t fast[GROWTH_FAST], slow[GROWTH_SLOW]; /* rings, oldest overwritten */
	uint32_t fast_count, slow_count;	      /* ever added */
	int64_t minute_least;
	double minute_seconds;
};

/* A sample, @interval seconds after the one before. */
void growth_add(struct growth *g, int64_t bytes, double interval);

/* Bytes a second, or 0 where it does not grow, or not enough was seen. @interval as above. */
double growth_rate(const struct growth *g, double interval);

#endif
