// SPDX-License-Identifier: Apache-2.0
/*
 * Sightings alike: of one holder or type, of one allocating line and one native function.
 */
#ifndef PYLEAK_SESSION_GROUPS_H
#define PYLEAK_SESSION_GROUPS_H

#include "../model/report.h"
#include "../rank/share.h"
#include "sightings.h"

struct group {
	uint32_t holder; /* CLAIM_HELD: as in struct claim; else 0 */
	unsigned type;	 /* CLAIM_LOOSE: likewise; else TYPE_NONE */
	const struct frame *native, *python; /* innermost; NULL: none. native: not of CLAIM_HELD */
	struct share bytes, blocks;
	uint32_t stack; /* of the heaviest sample */
	double heaviest;
};

struct groups {
	struct group *group; /* owned; heaviest first */
	size_t count;
};

/* The sightings of @kind. 0 or -ENOMEM. groups_release() after both. */
int groups_divide(struct groups *groups, const struct sightings *s, enum claim_kind kind);
void groups_release(struct groups *groups);

/* All of @holder and @type together. */
struct share groups_whole(const struct groups *groups, uint32_t holder, unsigned type);

/*
 * The stack of the group into @c, its line as allocated_at, and as evidence how many samples of
 * @whole it rests on, and what part of @bytes that makes.
 */
void groups_fill(struct candidate *c, const struct group *group, const struct share *whole,
		 double bytes, const struct sightings *s);

#endif
