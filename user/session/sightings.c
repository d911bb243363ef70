// SPDX-License-Identifier: Apache-2.0
#include "sightings.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define SLACK_MOST 64	    /* bytes that a chunk is larger than what was asked for */
#define SLACK_PAGES 8192    /* of one with a mapping of its own */
#define MAPPED_LEAST 131072 /* M_MMAP_THRESHOLD: smaller chunks have no mapping of their own */
#define UNCHANGED 0.75	    /* of the words compared must be as they were */

static bool fits(const struct sample *one, const struct claim *claim)
{
	uint64_t slack = one->size >= MAPPED_LEAST ? SLACK_PAGES : SLACK_MOST;

	if (one->source == ACCOUNT_BLOCK)
		return claim->pool && claim->size == one->size;
	return claim->size >= one->size && claim->size - one->size <= slack;
}

/* Between the beginning of the walk before the block's first and the end of that one. */
static bool in_time(const struct sample *one, const struct claim *claim, const struct heap *heap,
		    uint64_t began_ns)
{
	const struct walk_totals *walk = heap->history.total;
	double at = ((double)one->time_ns - (double)began_ns) / 1e9;

	if (claim->birth < 2 || claim->birth > heap->history.walks)
		return false;
	return at >= walk[claim->birth - 2].seconds &&
	       at <= walk[claim->birth - 1].seconds + (double)walk[claim->birth - 1].took_ns / 1e9;
}

/* The collector's links and the reference count change while an object stays what it is. */
static bool is_volatile(const struct claim *claim, const struct py_layout *l, unsigned word)
{
	return claim->type != TYPE_NONE && word * 8 < claim->offset + l->ob_type;
}

static bool is_unchanged(const struct sample *one, const struct claim *claim,
			 const struct heap *heap)
{
	const struct py_layout *l = &heap->rt->layout;
	unsigned words = one->words, same = 0, compared = 0, type;
	uint64_t now[SAMPLE_WORDS];

	if (words > claim->size / 8)
		words = (unsigned)(claim->size / 8);
	if (!words || remote_read(heap->mem, one->address, now, words * sizeof(*now)))
		return false;
	type = (claim->offset + l->ob_type) / 8;
	if (claim->type != TYPE_NONE && (type >= words || now[type] != one->word[type]))
		return false;
	for (unsigned i = 0; i < words; i++) {
		if (is_volatile(claim, l, i))
			continue;
		compared++;
		same += now[i] == one->word[i];
	}
	return same >= UNCHANGED * compared;
}

/* Mappings are watched for longer than what else malloc does: as if it had been for as long. */
static double weight_of(const struct sample *one, const struct sampling_end *end)
{
	double others = end->on[WINDOW_LIBC], mappings = end->on[WINDOW_MMAP];

	if (one->source != ACCOUNT_MMAP || others <= 0 || mappings <= 0)
		return one->weight;
	return one->weight * others / mappings;
}

int sightings_find(struct sightings *s, const struct samples *samples,
		   const struct sampling_end *end, struct heap *heap, uint64_t began_ns)
{
	const struct sample *all;
	struct claims claims;
	size_t count;

	*s = (struct sightings){ .samples = samples };
	if (!samples)
		return 0;
	all = samples_all(samples, &count);
	s->sighting = calloc(count + 1, sizeof(*s->sighting));
	if (!s->sighting || claims_begin(&claims, heap))
		return -ENOMEM;
	for (size_t i = 0; i < count; i++) {
		struct sighting *to = &s->sighting[s->count];

		to->sample = &all[i];
		to->weight = weight_of(&all[i], end);
		claims_of(&claims, all[i].address, &to->claim);
		if (to->claim.kind == CLAIM_GONE || to->claim.birth < 2)
			continue;
		if (fits(&all[i], &to->claim) && in_time(&all[i], &to->claim, heap, began_ns) &&
		    (!all[i].marked || is_unchanged(&all[i], &to->claim, heap)))
			s->count++;
		else
			s->refused++;
	}
	claims_end(&claims);
	return 0;
}

void sightings_release(struct sightings *s)
{
	free(s->sighting);
	*s = (struct sightings){ 0 };
}
