// SPDX-License-Identifier: Apache-2.0
/*
 * Memory that is free and yet not given back: below the top of malloc's heap where a small block
 * that stays pins it, and in pools of which few blocks are used. Pure.
 */
#ifndef PYLEAK_RANK_FRAGMENTATION_H
#define PYLEAK_RANK_FRAGMENTATION_H

#include <stdbool.h>

#include "../model/report.h"
#include "trend.h"

/* Of the heaps at each walk, bytes of pages that are present. */
struct fragments {
	unsigned walks;
	double seconds[REPORT_WALKS_MAX];
	double python_free[REPORT_WALKS_MAX], native_free[REPORT_WALKS_MAX];
	double live[REPORT_WALKS_MAX]; /* both together */
};

/*
 * Does the process grow by memory that is free? The resident size must rise without falling back,
 * and to the end, and at least half of what it gained must have been free at some walk: at another,
 * work may have been going on in it. Then @c is filled, and true returned. @trim: what
 * malloc_trim(3) would give back, or UNKNOWN.
 */
bool fragmentation_judge(struct candidate *c, const struct fragments *f, const struct series *rss,
			 int64_t trim);

/*
 * The damage is done: nothing grows, and at every walk at least half of the resident size was free.
 * Then @c is filled, without growth, and true returned. @rss and @trim of the end, or UNKNOWN.
 */
bool fragmentation_unused(struct candidate *c, const struct fragments *f, int64_t rss,
			  int64_t trim);

#endif
