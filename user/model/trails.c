// SPDX-License-Identifier: Apache-2.0
#include "trails.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../util/grow.h"

static const char *const by_names[TRAILS_BYS] = {
	[TRAILS_BY_NONE] = "",
	[TRAILS_BY_SERVICE] = "service",
	[TRAILS_BY_RELEASE] = "release",
	[TRAILS_BY_SITE] = "site",
};

const char *trails_by_name(enum trails_by by)
{
	return by_names[by];
}

static bool in_site(const char *wanted, const char *file, int line, const char *function)
{
	char text[512];

	snprintf(text, sizeof(text), "%s:%d in %s", file, line, function);
	return strstr(text, wanted) != NULL;
}

static bool of_service(const struct trails_wanted *w, const char *service, const char *release)
{
	return (!w->service || strcmp(w->service, service) == 0) &&
	       (!w->release || strcmp(w->release, release) == 0);
}

static bool wants(const struct trails_wanted *w, const struct finding *f)
{
	return of_service(w, f->service, f->release) &&
	       (!w->site || in_site(w->site, f->file, f->line, f->function) ||
		strstr(f->holder, w->site));
}

static bool wants_pauses(const struct trails_wanted *w, const struct pause_trail *p)
{
	return of_service(w, p->service, p->release) &&
	       (!w->site || in_site(w->site, p->file, p->line, p->function));
}

void trails_keep(struct trails *t, const struct trails_wanted *wanted)
{
	size_t kept = 0;

	for (size_t i = 0; i < t->count; i++)
		if (wants(wanted, &t->trail[i].finding))
			t->trail[kept++] = t->trail[i];
	t->count = kept;
	kept = 0;
	for (size_t i = 0; i < t->pause_count; i++)
		if (wants_pauses(wanted, &t->pauses[i]))
			t->pauses[kept++] = t->pauses[i];
	t->pause_count = kept;
}

static bool same_site(const struct finding *a, const struct finding *b)
{
	if (!a->function[0])
		return !b->function[0] && strcmp(a->holder, b->holder) == 0;
	return strcmp(a->function, b->function) == 0 &&
	       strcmp(finding_file(a->file), finding_file(b->file)) == 0;
}

static bool same(const struct finding *a, const struct finding *b, enum trails_by by)
{
	if (by == TRAILS_BY_SITE)
		return same_site(a, b);
	return strcmp(a->service, b->service) == 0 &&
	       (by == TRAILS_BY_SERVICE || strcmp(a->release, b->release) == 0);
}

/* The group that @f belongs to; NULL where it is the first of it. */
static struct trail_group *group_of(struct trails *t, const struct finding *f)
{
	for (size_t i = 0; i < t->group_count; i++)
		if (same(&t->group[i].fastest->finding, f, t->by))
			return &t->group[i];
	return NULL;
}

static bool is_listed(const char *list, const char *text)
{
	size_t length = strlen(text);

	for (const char *at = list; (at = strstr(at, text)); at += length)
		if ((at == list || at[-1] == ' ') && (!at[length] || at[length] == ','))
			return true;
	return false;
}

/* Name where @f is in the group's list, once; what does not fit is cut off. */
static void list_place(struct trail_group *g, const struct finding *f, enum trails_by by)
{
	bool both = by == TRAILS_BY_SITE && f->release[0];
	size_t used = strlen(g->in);
	char text[sizeof(f->service) + sizeof(f->release)];

	snprintf(text, sizeof(text), "%s%s%s", by == TRAILS_BY_SITE ? f->service : "",
		 both ? " " : "", f->release);
	if (by != TRAILS_BY_RELEASE && text[0] && !is_listed(g->in, text))
		snprintf(g->in + used, sizeof(g->in) - used, "%s%s", used ? ", " : "", text);
}

static void add(struct trail_group *g, const struct trail *t, enum trails_by by)
{
	g->findings++;
	g->processes += t->processes;
	if (!isnan(t->finding.bytes_per_second))
		g->bytes_per_second += t->finding.bytes_per_second * (double)t->processes;
	if (t->first_seen < g->first->first_seen)
		g->first = t;
	if (t->last_seen > g->last_seen)
		g->last_seen = t->last_seen;
	if (t->grows_since != UNKNOWN &&
	    (g->grows_since == UNKNOWN || t->grows_since < g->grows_since))
		g->grows_since = t->grows_since;
	list_place(g, &t->finding, by);
}

static int faster(const void *a, const void *b)
{
	const struct trail_group *left = a, *right = b;

	return (left->bytes_per_second < right->bytes_per_second) -
	       (left->bytes_per_second > right->bytes_per_second);
}

int trails_group(struct trails *t, enum trails_by by)
{
	t->by = by;
	t->group_count = 0;
	for (size_t i = 0; by && i < t->count; i++) {
		const struct trail *trail = &t->trail[i];
		struct trail_group *g = group_of(t, &trail->finding);

		if (!g) {
			if (grow(&t->group, &t->group_cap, t->group_count + 1, sizeof(*t->group)))
				return -ENOMEM;
			g = &t->group[t->group_count++];
			*g = (struct trail_group){ .fastest = trail,
						   .first = trail,
						   .grows_since = UNKNOWN };
		}
		add(g, trail, by);
	}
	if (t->group_count)
		qsort(t->group, t->group_count, sizeof(*t->group), faster);
	return 0;
}

void trails_release(struct trails *t)
{
	free(t->trail);
	free(t->pauses);
	free(t->group);
	*t = (struct trails){ 0 };
}
