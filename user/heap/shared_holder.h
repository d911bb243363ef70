// SPDX-License-Identifier: Apache-2.0
/*
 * Who holds several objects: the nearest ancestor that most of them share.
 *
 *	module app -> POOL (list) -> Connection -> socket	most share POOL, and each has a
 *			   '-------> Connection -> socket	Connection of its own
 */
#ifndef PYLEAK_HEAP_SHARED_HOLDER_H
#define PYLEAK_HEAP_SHARED_HOLDER_H

#include "reach.h"

#define SHARED_CHAIN 24 /* types on the way from the holder to an object */

struct shared_holder {
	char path[512];	/* to the holder; "" where nothing leads to most of them */
	char type[96];	/* of the holder */
	char own[160];	/* types of the objects themselves: "_io.FileIO x24" */
	/* Of one object: its own type, then outwards those that hold it, to the root. */
	unsigned chain[SHARED_CHAIN];
	unsigned links;
	uint32_t reached; /* of the objects, how many something leads to */
};

/* After heap_reach() of everything. 0 or -ENOMEM. */
int shared_holder_find(struct shared_holder *h, struct reach *r, const uint32_t *block,
		       size_t count);

#endif
