// SPDX-License-Identifier: Apache-2.0
#include "groups.h"

#include <errno.h>
#include <stdlib.h>

#include "../util/units.h"

static struct group *group_for(struct groups *groups, const struct group *key)
{
	for (size_t i = 0; i < groups->count; i++) {
		struct group *g = &groups->group[i];

		if (g->holder == key->holder && g->type == key->type &&
		    g->native == key->native && g->python == key->python)
			return g;
	}
	groups->group[groups->count] = *key;
	return &groups->group[groups->count++];
}

static void add(struct groups *groups, const struct sightings *s, const struct sighting *one)
{
	const struct claim *claim = &one->claim;
	double bytes = one->weight * (double)claim->size;
	struct group key = { 0 }, *group;

	key.holder = claim->kind == CLAIM_HELD ? claim->holder : 0;
	key.type = claim->kind == CLAIM_LOOSE ? claim->type : TYPE_NONE;
	key.python = samples_innermost(s->samples, one->sample->stack, false);
	if (claim->kind != CLAIM_HELD)
		key.native = samples_innermost(s->samples, one->sample->stack, true);
	group = group_for(groups, &key);
	share_add(&group->bytes, bytes);
	share_add(&group->blocks, one->weight);
	if (bytes > group->heaviest) {
		group->heaviest = bytes;
		group->stack = one->sample->stack;
	}
}

static int by_weight(const void *a, const void *b)
{
	const struct group *x = a, *y = b;

	return (x->bytes.weight < y->bytes.weight) - (x->bytes.weight > y->bytes.weight);
}

int groups_divide(struct groups *groups, const struct sightings *s, enum claim_kind kind)
{
	*groups = (struct groups){ .group = calloc(s->count + 1, sizeof(*groups->group)) };
	if (!groups->group)
		return -ENOMEM;
	for (size_t i = 0; i < s->count; i++)
		if (s->sighting[i].claim.kind == kind)
			add(groups, s, &s->sighting[i]);
	qsort(groups->group, groups->count, sizeof(*groups->group), by_weight);
	return 0;
}

void groups_release(struct groups *groups)
{
	free(groups->group);
	*groups = (struct groups){ 0 };
}

struct share groups_whole(const struct groups *groups, uint32_t holder, unsigned type)
{
	struct share whole = { 0 };

	for (size_t i = 0; i < groups->count; i++) {
		const struct group *g = &groups->group[i];

		if (g->holder != holder || g->type != type)
			continue;
		whole.samples += g->bytes.samples;
		whole.weight += g->bytes.weight;
		whole.squares += g->bytes.squares;
	}
	return whole;
}

void groups_fill(struct candidate *c, const struct group *group, const struct share *whole,
		 double bytes, const struct sightings *s)
{
	struct share_interval share = share_of(&group->bytes, whole);
	char low[UNITS_TEXT], high[UNITS_TEXT];

	if (!c->stored_known)
		samples_stack(s->samples, group->stack, &c->stack);
	if (group->python) {
		c->allocated_known = true;
		c->allocated_at = *group->python;
	}
	units_bytes(low, (int64_t)(share.low * bytes));
	units_bytes(high, (int64_t)(share.high * bytes));
	candidate_evidence(c,
			   "%u of %u sampled allocations of what stays came from there: %s to %s",
			   group->bytes.samples, whole->samples, low, high);
}
