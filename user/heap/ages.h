// SPDX-License-Identifier: Apache-2.0
/*
 * Was a holder there all the time, or is it another one at its predecessor's address?
 *
 * Leaves and tuples are told apart by their content, containers and instances only by address and
 * type, and the entry of a cache that is replaced is often built at the very addresses of the one
 * before. So an element of a container must prove its age by what it holds: half as many old things
 * as it held at the first walk; where that is not known, half as many as young ones. What a
 * namespace or a field holds is as old as its holder.
 */
#ifndef PYLEAK_HEAP_AGES_H
#define PYLEAK_HEAP_AGES_H

#include "reach.h"

/* By entry of parents.h, late blocks included; owned, on pages that are touched as needed. */
struct ages {
	uint8_t *olds;	 /* how many it holds that are old themselves, at most 255, beside leaves */
	uint8_t *youngs; /* how many that are not */
	uint8_t *flags;	 /* AGE_... of ages.c: what ages_old() knows already */
	size_t olds_cap, youngs_cap, flags_cap, entries;
};

/* After reach_run(). 0 or -ENOMEM; ages_release() is allowed after both. */
int ages_init(struct ages *a, const struct reach *r);
void ages_release(struct ages *a);

/* Has the block been the same object, or the same container with other content, since the first
 * walk? */
bool ages_old(struct ages *a, const struct reach *r, uint32_t block);

/* Is the block a dict of names: a module's, a class's, an instance's? */
bool ages_is_namespace(const struct reach *r, uint32_t block);

#endif
