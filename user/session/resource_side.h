// SPDX-License-Identifier: Apache-2.0
/*
 * Resources beside a look at the heap: counts, which cost the target nothing, and only where they
 * grow a window of hooks.
 *
 *	init -> tick, tick ... (count, or watch) -> finish -> candidates
 */
#ifndef PYLEAK_SESSION_RESOURCE_SIDE_H
#define PYLEAK_SESSION_RESOURCE_SIDE_H

#include "../rank/trend.h"
#include "resource_look.h"

enum resource_counted { COUNTED_DESCRIPTORS, COUNTED_THREADS, COUNTED_MAPPINGS, COUNTED };

struct resource_side {
	struct resource_look look; /* process, rt, mem, frames, heap: set by the caller */
	double budget_percent;	   /* set by the caller */
	double end;		   /* of the look, seconds after it began; set by the caller */

	struct resources found;
	struct series count[COUNTED];
	double counted; /* seconds, when last */
	unsigned counts;
	bool begun, given_up;
};

/* To be called often, @seconds after the look began. */
void resource_side_tick(struct resource_side *s, double seconds);

/*
 * Where something grew: see the window to its end, unless @stop says otherwise, and add what it
 * found to @r, which is filled otherwise. 0 or -ENOMEM.
 */
int resource_side_finish(struct resource_side *s, struct report *r, bool (*stop)(void *arg),
			 void *arg);
void resource_side_release(struct resource_side *s);

#endif
