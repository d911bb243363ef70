// SPDX-License-Identifier: Apache-2.0
/*
 * The join of the two streams: which samples of allocations are blocks that the walks found?
 *
 *	sample: address, time, size, content -.
 *	                                       >-- the same block? --> sighting
 *	walk:   address, birth, size, content -'
 *
 * A sample speaks for a block only where the block was born between the two walks around the
 * sample's time, the size asked for fits, and nothing else can have come to the address since: its
 * free would have been seen, or it still holds what it held.
 */
#ifndef PYLEAK_SESSION_SIGHTINGS_H
#define PYLEAK_SESSION_SIGHTINGS_H

#include "../heap/claims.h"
#include "../sample/samples.h"
#include "sampling.h"

struct sighting {
	const struct sample *sample; /* borrowed */
	double weight; /* it stands for so many, of all sources alike */
	struct claim claim;
};

struct sightings {
	const struct samples *samples; /* borrowed; NULL: none were taken */
	struct sighting *sighting;     /* owned */
	size_t count;
	uint64_t refused; /* samples of blocks that are there, which do not speak for them */
};

/*
 * After heap_search(), until the next walk. @began_ns: of the look, CLOCK_MONOTONIC. @samples may
 * be NULL; @end: how they were taken. 0 or -ENOMEM. Release with sightings_release(), which is
 * allowed after both.
 */
int sightings_find(struct sightings *s, const struct samples *samples,
		   const struct sampling_end *end, struct heap *heap, uint64_t began_ns);
void sightings_release(struct sightings *s);

#endif
