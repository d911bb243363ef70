// SPDX-License-Identifier: Apache-2.0
/*
 * From what was measured of a holder to a verdict with its evidence. Pure: no clock, no target.
 */
#ifndef PYLEAK_RANK_VERDICT_H
#define PYLEAK_RANK_VERDICT_H

#include "../model/report.h"
#include "trend.h"

/* What verdict_judge() goes by. */
struct measured {
	struct series size;	    /* of a container; count 0: a slot, which has no size */
	double interval;	    /* seconds in which its survivors were born */
	double look;		    /* seconds from the first walk to the last point */
	uint64_t objects, bytes;    /* survivors under it */
	double arrivals_per_second; /* elements that came, as far as was seen; 0 unknown */
	double replaced; /* of those that came between the last two walks, how many did not make it
			    larger: others went for them */
	uint64_t siblings;
	uint64_t slots_of_one; /* of the siblings, slots of one container: more than a few mean that
				  its elements are replaced */
	double newborn_per_second; /* objects that came under it between the last two walks */
	int64_t bound; /* the most it will ever hold, by its own word (lru_cache's maxsize); UNKNOWN
			*/
	double heap_gain;  /* bytes that the live heap as a whole gained over the look */
	double heap_noise; /* how much it went up and down meanwhile */
	unsigned looked_again, gone; /* of the survivors, and how many of those were no more */
	bool through_raw;  /* held through memory of C code, which may be a buffer with stale words
			    */
	bool lasting;	   /* held from a module, a class, a running frame, a thread: not only from
			      native memory */
};

/* Fill @c's verdict, confidence, rates and evidence. */
void verdict_judge(struct candidate *c, const struct measured *m);

/* Is the answer so plain that looking longer would only cost? */
bool verdict_is_plain(const struct candidate *c, const struct measured *m);

/* Growth below this many bytes a second is not told from chance in a look of @seconds. */
double verdict_threshold(double seconds);

/* Order candidates: leaks first, then by bytes a second; drop what is below @threshold and no leak.
 * Returns how many stay. */
unsigned verdict_order(struct candidate *c, unsigned count, double threshold);

/* The verdict on the process as a whole, and its sentence. */
void verdict_report(struct report *r);

#endif
