// SPDX-License-Identifier: Apache-2.0
/*
 * From sightings to lines: who allocated what stays under each holder, and candidates for what
 * stays though nobody holds it.
 *
 *	native    malloc chunks without an object that nothing leads to
 *	refcount  objects that nothing leads to and that no garbage leads to either: a reference was
 *	          taken and never given back
 */
#ifndef PYLEAK_SESSION_ALLOCATIONS_H
#define PYLEAK_SESSION_ALLOCATIONS_H

#include "../model/report.h"
#include "sightings.h"
#include "suspects.h"

#define ALLOCATIONS_CANDIDATES_MAX 16

/* Set allocated_at of the suspects, which are of the search that the sightings are of. */
void allocations_name_lines(struct suspects *suspects, const struct heap *heap,
			    const struct sightings *s);

/*
 * Candidates without a holder, into @into, which has room for ALLOCATIONS_CANDIDATES_MAX. How many,
 * or -ENOMEM.
 */
int allocations_candidates(struct candidate *into, struct heap *heap, const struct sightings *s);

#endif
