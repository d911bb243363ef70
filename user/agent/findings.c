// SPDX-License-Identifier: Apache-2.0
#include "findings.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../util/grow.h"

/*
 * The same holder with and without a line is the same leak: a look may have been too short to see
 * who stores.
 */
static bool is_same(const struct finding *a, const struct finding *b)
{
	if (strcmp(a->id, b->id) == 0)
		return true;
	return a->holder[0] && strcmp(a->holder, b->holder) == 0 && strcmp(a->type, b->type) == 0 &&
	       (!a->function[0] || !b->function[0]);
}

static struct open_finding *find(struct findings *all, const struct finding *f, uint64_t group)
{
	for (size_t i = 0; i < all->count; i++)
		if (all->open[i].group == group && is_same(&all->open[i].finding, f))
			return &all->open[i];
	return NULL;
}

static struct open_finding *oldest(struct findings *all)
{
	struct open_finding *found = &all->open[0];

	for (size_t i = 1; i < all->count; i++)
		if (all->open[i].finding.seen.tv_sec < found->finding.seen.tv_sec)
			found = &all->open[i];
	return found;
}

static struct open_finding *make_room(struct findings *all)
{
	if (all->count == FINDINGS_MAX) {
		all->dropped++;
		return oldest(all);
	}
	if (grow(&all->open, &all->cap, all->count + 1, sizeof(*all->open)))
		return NULL;
	return &all->open[all->count++];
}

int findings_add(struct findings *all, const struct finding *f, uint64_t group,
		 struct open_finding **at)
{
	struct open_finding *known = find(all, f, group);

	if (known) {
		struct finding before = known->finding;

		known->finding = *f;
		if (!f->function[0] && before.function[0]) {
			memcpy(known->finding.id, before.id, sizeof(before.id));
			memcpy(known->finding.function, before.function, sizeof(before.function));
			memcpy(known->finding.file, before.file, sizeof(before.file));
			known->finding.line = before.line;
		}
		known->looks++;
		*at = known;
		return 0;
	}
	known = make_room(all);
	*at = known;
	if (!known)
		return -ENOMEM;
	*known = (struct open_finding){
		.finding = *f, .first_seen = f->seen, .group = group, .looks = 1
	};
	return 1;
}

void findings_forget(struct findings *all, const struct timespec *now, double seconds,
		     bool (*lives)(void *arg, uint64_t group), void *arg)
{
	size_t kept = 0;

	for (size_t i = 0; i < all->count; i++) {
		const struct open_finding *f = &all->open[i];

		if ((double)(now->tv_sec - f->finding.seen.tv_sec) > seconds &&
		    !lives(arg, f->group))
			continue;
		all->open[kept++] = *f;
	}
	all->count = kept;
}

void findings_release(struct findings *all)
{
	free(all->open);
	*all = (struct findings){ 0 };
}
