// SPDX-License-Identifier: Apache-2.0
/*
 * Do pauses grow? A line by least squares through those that were kept. Pure.
 */
#ifndef PYLEAK_RANK_PAUSE_TREND_H
#define PYLEAK_RANK_PAUSE_TREND_H

#include "../model/pause.h"

/* How the pauses of one generation change with time. */
struct pause_trend {
	unsigned points;
	double mean_ns;
	double ns_per_second;	    /* slope of the least squares */
	double objects_per_second;  /* of the objects tracked */
	double correlation;	    /* of a pause and its time, -1..1 */
	double correlation_tracked; /* of a pause and the objects tracked before it */
};

/* Over the kept collections of generation @generation that were not preempted for long. */
struct pause_trend pause_trend(const struct pauses *p, uint32_t generation);

#endif
