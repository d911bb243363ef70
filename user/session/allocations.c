// SPDX-License-Identifier: Apache-2.0
#include "allocations.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "../heap/refcounts.h"
#include "../heap/typename.h"
#include "groups.h"

#define NATIVE_LEAST 4096.0 /* bytes a second: native memory churns in large pieces */
#define NATIVE_SHARE 0.3    /* of malloc's growth that must be found among what nothing leads to */
#define GROUP_LEAST 0.05    /* of what nobody holds: smaller stacks are not told apart */
#define REFCOUNT_LEAST 20   /* objects of one type whose count is too high */
#define REFCOUNT_MOST 200000 /* objects whose counts are read: more take seconds */
#define REFCOUNT_CONFIDENCE 0.9

void allocations_name_lines(struct suspects *suspects, const struct heap *heap,
			    const struct sightings *s)
{
	struct groups groups;

	if (groups_divide(&groups, s, CLAIM_HELD))
		return;
	for (unsigned i = 0; i < suspects->count; i++) {
		struct candidate *c = &suspects->suspect[i].candidate;
		const struct group *most = NULL;
		struct share whole;

		for (size_t k = 0; k < groups.count && !most; k++) {
			const struct holder *h = &heap->holders.holder[groups.group[k].holder];

			if (groups.group[k].python && strcmp(h->path, c->held_by) == 0 &&
			    strcmp(h->type, c->type) == 0)
				most = &groups.group[k];
		}
		if (!most)
			continue;
		whole = groups_whole(&groups, most->holder, TYPE_NONE);
		groups_fill(c, most, &whole, (double)c->inuse_bytes, s);
	}
	groups_release(&groups);
}

static bool rises_always(const struct history *h)
{
	for (unsigned i = 1; i < h->walks; i++)
		if (h->total[i].chunk_bytes <= h->total[i - 1].chunk_bytes)
			return false;
	return true;
}

static double chunk_gain(const struct history *h)
{
	return (double)h->total[h->walks - 1].chunk_bytes - (double)h->total[0].chunk_bytes;
}

/* malloc's live bytes grew at every walk, and much of what stayed hangs from nothing. */
static bool native_grows(const struct heap *heap)
{
	double bytes = (double)heap->holders.native_bytes;

	return rises_always(&heap->history) && bytes >= NATIVE_SHARE * chunk_gain(&heap->history) &&
	       bytes >= NATIVE_LEAST * heap->holders.interval;
}

static void fill_amount(struct candidate *c, double bytes, double blocks, double interval)
{
	c->inuse_bytes = (int64_t)bytes;
	c->inuse_objects = (int64_t)blocks;
	c->bytes_per_second = interval > 0 ? bytes / interval : 0;
	c->objects_per_second = interval > 0 ? blocks / interval : 0;
	for (unsigned i = 0; i < REPORT_WALKS_MAX; i++)
		c->sizes[i] = UNKNOWN;
}

static void native_candidate(struct candidate *c, const struct heap *heap, double share)
{
	const struct holders *h = &heap->holders;
	double gain = chunk_gain(&heap->history), bytes = (double)h->native_bytes;

	*c = (struct candidate){ .verdict = VERDICT_NATIVE,
				 .confidence = bytes < gain ? 0.5 + 0.4 * bytes / gain : 0.8 };
	fill_amount(c, share * bytes, share * (double)h->native_blocks, h->interval);
	snprintf(c->why_no_line, sizeof(c->why_no_line), "no Python object leads to it");
	candidate_evidence(c, "malloc's live bytes grew at every walk, by %.0f KiB in all",
			   gain / 1024);
	candidate_evidence(c, "%llu blocks came and stayed, and nothing Python leads to them",
			   (unsigned long long)h->native_blocks);
}

/* One for each stack that is worth telling apart; one without a line where there are no samples. */
static int add_native(struct candidate *into, const struct heap *heap, const struct sightings *s)
{
	double bytes = (double)heap->holders.native_bytes;
	struct groups groups;
	struct share whole;
	int count = 0;

	if (heap->history.walks < 3 || !native_grows(heap))
		return 0;
	if (groups_divide(&groups, s, CLAIM_NATIVE))
		return -ENOMEM;
	whole = groups_whole(&groups, 0, TYPE_NONE);
	for (size_t i = 0; i < groups.count && count < ALLOCATIONS_CANDIDATES_MAX / 2; i++) {
		double share = share_of(&groups.group[i].bytes, &whole).share;

		if (share < GROUP_LEAST)
			break;
		native_candidate(&into[count], heap, share);
		groups_fill(&into[count++], &groups.group[i], &whole, bytes, s);
	}
	if (!count)
		native_candidate(&into[count++], heap, 1);
	groups_release(&groups);
	return count;
}

static void refcount_candidate(struct candidate *c, const struct heap *heap,
			       const struct refcount_row *row, const struct groups *groups,
			       const struct sightings *s)
{
	double stayed = (double)row->newborn_sure / (double)row->own.objects;
	double bytes = stayed * (double)(row->own.bytes + row->held.bytes);
	struct share whole = groups_whole(groups, 0, row->type);

	*c = (struct candidate){ .verdict = VERDICT_REFCOUNT, .confidence = REFCOUNT_CONFIDENCE };
	fill_amount(c, bytes, stayed * (double)(row->own.objects + row->held.objects),
		    heap->holders.interval);
	typename_write(&heap->types, row->type, c->type, sizeof(c->type));
	snprintf(c->content, sizeof(c->content), "%s x%llu", c->type,
		 (unsigned long long)row->newborn_sure);
	snprintf(c->why_no_line, sizeof(c->why_no_line), "nobody holds them");
	candidate_evidence(c, "%llu objects came and stayed that nobody holds, though their "
			      "reference counts say that somebody does",
			   (unsigned long long)row->newborn_sure);
	for (size_t i = 0; i < groups->count; i++)
		if (groups->group[i].type == row->type) {
			groups_fill(c, &groups->group[i], &whole, stayed * (double)row->own.bytes,
				    s);
			return;
		}
}

/* Objects that nothing leads to, survivors or not. */
static uint64_t unreached(const struct heap *heap)
{
	const struct blocks *b = &heap->history.now;
	uint64_t count = 0;

	for (uint32_t i = 0; i < b->count; i++)
		count += b->type[i] != TYPE_NONE && b->print[i] &&
			 !parents_reached(&heap->reach.parents, i);
	return count;
}

/* Objects of one type that lost a reference, and came and stayed. */
static uint64_t sure_of(const struct refcounts *f, unsigned type)
{
	for (size_t i = 0; i < f->count; i++)
		if (f->row[i].type == type)
			return f->row[i].newborn_sure;
	return 0;
}

/*
 * Twice where there are any: what is freed and made anew while it is read may look like them, but
 * not the same way again.
 */
static int take_refcounts(struct refcounts *found, struct heap *heap)
{
	struct refcounts again;
	uint64_t most = 0;
	int err = refcounts_take(found, &heap->reach);

	for (size_t i = 0; !err && i < found->count; i++)
		most = found->row[i].newborn_sure > most ? found->row[i].newborn_sure : most;
	if (err || most < REFCOUNT_LEAST)
		return err;
	err = refcounts_take(&again, &heap->reach);
	for (size_t i = 0; !err && i < found->count; i++) {
		struct refcount_row *row = &found->row[i];
		uint64_t sure = sure_of(&again, row->type);

		row->newborn_sure = sure < row->newborn_sure ? sure : row->newborn_sure;
	}
	refcounts_release(&again);
	return err;
}

/* One for each type of which references were lost: taken, and never given back. */
static int add_refcounts(struct candidate *into, struct heap *heap, const struct sightings *s)
{
	struct refcounts found;
	struct groups groups;
	int count = 0, err;

	if (heap->history.walks < 3 || heap->holders.unreached_objects < REFCOUNT_LEAST ||
	    unreached(heap) > REFCOUNT_MOST)
		return 0;
	err = take_refcounts(&found, heap);
	if (err == -ENOMEM || groups_divide(&groups, s, CLAIM_LOOSE)) {
		refcounts_release(&found);
		return -ENOMEM;
	}
	for (size_t i = 0; !err && i < found.count && count < ALLOCATIONS_CANDIDATES_MAX / 2; i++)
		if (found.row[i].newborn_sure >= REFCOUNT_LEAST)
			refcount_candidate(&into[count++], heap, &found.row[i], &groups, s);
	groups_release(&groups);
	refcounts_release(&found);
	return count;
}

int allocations_candidates(struct candidate *into, struct heap *heap, const struct sightings *s)
{
	int native = add_native(into, heap, s), lost;

	if (native < 0)
		return native;
	lost = add_refcounts(into + native, heap, s);
	return lost < 0 ? lost : native + lost;
}
