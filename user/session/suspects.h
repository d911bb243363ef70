// SPDX-License-Identifier: Apache-2.0
/*
 * Holders on their way to candidates: what was measured of each, its stores, its judgement.
 */
#ifndef PYLEAK_SESSION_SUSPECTS_H
#define PYLEAK_SESSION_SUSPECTS_H

#include "../heap/heap.h"
#include "../model/report.h"
#include "../rank/verdict.h"
#include "stores.h"

#define SUSPECTS_MAX 48 /* holders judged, most bytes first */
#define SUSPECTS_WATCHED 12

struct suspect {
	const struct holder *holder; /* of the latest search; borrowed */
	struct measured measured;
	struct store store;
	struct candidate candidate;
};

struct suspects {
	struct suspect *suspect; /* owned */
	unsigned count;
};

/* From the holders of the latest search; what was known of the same path's stores before is kept. 0
 * or -ENOMEM. */
int suspects_take(struct suspects *s, struct heap *h);
void suspects_release(struct suspects *s);

/* Judge all again, after sizes or stores came in. Leaks come first, then most bytes a second. */
void suspects_judge(struct suspects *s, double seconds);

/* Why those that are watched would grow; right after a search, while what it found is still there.
 */
void suspects_explain(struct suspects *s, struct heap *h);

/* Stores of the first SUSPECTS_WATCHED into @store; how many. */
unsigned suspects_watched(struct suspects *s, struct store **store);

/* Is any of them plainly a leak, and none in doubt that is as large? */
bool suspects_are_plain(const struct suspects *s);

/* Lines and stacks from the stores; why there is none, where @denied says that watchpoints are not
 * to be had. */
void suspects_name_lines(struct suspects *s, const char *denied);

#endif
