// SPDX-License-Identifier: Apache-2.0
#include "resource_rows.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../resources/counts.h"
#include "../symbolize/pyframe.h"
#include "../util/grow.h"
#include "../util/strbuf.h"

#define ROWS_MAX 4096 /* lines told apart; what further ones made counts as unseen */
#define LINE_NONE UINT32_MAX

/* While rows are built: which line and source each is of. */
struct group {
	uint32_t line; /* index into alloc_sites.frame; LINE_NONE */
	uint32_t source;
	int64_t of_kind[RESOURCE_KINDS];
	const struct alloc_site *fullest; /* with most that live, whose stack is shown */
};

struct by_site {
	uint64_t id;
	uint32_t group;
};

struct build {
	struct resources *r;
	const struct resource_watch *w;
	struct resource_view *v;
	struct group *group; /* owned: of each row of r->seen */
	size_t group_cap;
	struct by_site *site; /* owned, ordered by id */
	size_t sites;
	uint64_t now_ns, late_ns; /* late_ns: when the last third of the window began */
	uint32_t shift;
};

/* The innermost frame outside of libraries, else outside of Python's own, else the innermost. */
static uint32_t line_of(const struct alloc_sites *all, const struct alloc_site *site)
{
	for (uint32_t i = 0; i < site->depth; i++)
		if (!pyframe_is_library(all->frame[site->at[i]].file))
			return site->at[i];
	for (uint32_t i = 0; i < site->depth; i++)
		if (!pyframe_is_stdlib(all->frame[site->at[i]].file))
			return site->at[i];
	return site->depth ? site->at[0] : LINE_NONE;
}

static bool same_line(const struct alloc_sites *all, uint32_t a, uint32_t b)
{
	const struct frame *x, *y;

	if (a == b || a == LINE_NONE || b == LINE_NONE)
		return a == b;
	x = &all->frame[a];
	y = &all->frame[b];
	return x->line == y->line && strcmp(x->file, y->file) == 0;
}

static int64_t find_group(struct build *b, uint32_t line, uint32_t source)
{
	struct resource_rows *rows = &b->r->seen;

	for (size_t i = 0; b->group && i < rows->count; i++)
		if (b->group[i].source == source &&
		    same_line(b->w->sites, b->group[i].line, line))
			return (int64_t)i;
	if (rows->count == ROWS_MAX || grow(&b->group, &b->group_cap, rows->count + 1,
					    sizeof(*b->group)) ||
	    !resource_rows_add(rows))
		return -1;
	b->group[rows->count - 1] = (struct group){ .line = line, .source = source };
	return (int64_t)rows->count - 1;
}

static int by_id(const void *a, const void *b)
{
	const struct by_site *x = a, *y = b;

	return (x->id > y->id) - (x->id < y->id);
}

static void group_sites(struct build *b)
{
	const struct alloc_sites *all = b->w->sites;

	for (size_t i = 0; i < all->count; i++) {
		const struct alloc_site *site = &all->site[i];
		int64_t at = find_group(b, line_of(all, site), site->source);
		struct resource_row *row;

		if (at < 0)
			continue;
		row = &b->r->seen.row[at];
		row->made += site->alloc_objects;
		row->closed += site->freed_objects;
		if (!b->group[at].fullest ||
		    b->group[at].fullest->inuse_objects < site->inuse_objects)
			b->group[at].fullest = site;
		b->site[b->sites++] = (struct by_site){ site->id, (uint32_t)at };
	}
	qsort(b->site, b->sites, sizeof(*b->site), by_id);
}

/* What a survivor is, as /proc shows it now. */
struct seen {
	enum resource_kind kind;
	char what[sizeof(((struct resource_what *)0)->text)];
	size_t row_of; /* index in the view's; SIZE_MAX: none */
};

static bool find_thread(const struct build *b, uint64_t own, struct seen *seen)
{
	for (size_t i = 0; i < b->v->tids; i++) {
		const struct resource_thread *t = &b->r->thread[i];
		const char *slash = strrchr(t->entry.file, '/');
		struct strbuf text;

		if ((uint64_t)b->v->own_tid[i] != own)
			continue;
		seen->row_of = b->v->descriptors.count + b->v->maps.count + i;
		strbuf_init(&text, seen->what, sizeof(seen->what));
		if (t->python)
			strbuf_addf(&text, "in %s of %s, ", t->entry.function,
				    slash ? slash + 1 : t->entry.file);
		strbuf_add(&text, t->waits_in);
		return true;
	}
	return false;
}

static bool look_up(const struct build *b, const struct survivor *s, struct seen *seen)
{
	const struct descriptor *d;
	const struct map *map;

	*seen = (struct seen){ .row_of = SIZE_MAX };
	switch (s->source) {
	case ACCOUNT_DESCRIPTOR:
		d = descriptors_find(&b->v->descriptors, (int)s->id);
		if (!d)
			return false;
		seen->kind = d->kind;
		snprintf(seen->what, sizeof(seen->what), "%s", d->what);
		seen->row_of = (size_t)(d - b->v->descriptors.descriptor);
		return true;
	case ACCOUNT_THREAD:
		seen->kind = RESOURCE_THREAD;
		return find_thread(b, s->id, seen);
	case ACCOUNT_MAPPING:
		map = maps_find(&b->v->maps, s->id);
		seen->kind = RESOURCE_MAPPING;
		if (!map || !mapping_is_resource(&b->v->maps, map))
			return false;
		seen->row_of = b->v->descriptors.count + (size_t)(map - b->v->maps.map);
		snprintf(seen->what, sizeof(seen->what), "%.127s",
			 map->path[0] ? map->path : "shared memory");
		return true;
	default:
		return false;
	}
}

static void add_survivor(struct build *b, const struct survivor *s, uint64_t *stale)
{
	const struct by_site key = { .id = s->site };
	const struct by_site *found =
		b->sites ? bsearch(&key, b->site, b->sites, sizeof(key), by_id) : NULL;
	struct resource_row *row;
	struct seen seen;
	double age;

	if (!found)
		return;
	if (!look_up(b, s, &seen)) {
		++*stale;
		return;
	}
	row = &b->r->seen.row[found->group];
	b->group[found->group].of_kind[seen.kind]++;
	row->live += 1LL << b->shift;
	row->watched++;
	row->bytes += (int64_t)s->size << b->shift;
	if (s->time_ns > b->late_ns)
		row->born_late++;
	age = (double)(b->now_ns - s->time_ns) / 1e9;
	if (age > row->oldest_seconds)
		row->oldest_seconds = age;
	if (seen.what[0])
		resource_row_what(row, seen.what);
	if (seen.row_of != SIZE_MAX)
		b->v->row_of[seen.row_of] = (int32_t)found->group;
}

static void name_line(struct resource_row *row, const struct group *g,
		      const struct alloc_sites *all)
{
	const struct alloc_site *site = g->fullest;
	struct candidate *c = &row->about;

	if (!site->depth) {
		snprintf(c->why_no_line, sizeof(c->why_no_line),
			 (site->id & ~0xfull) == SITE_OVERFLOW
				 ? "there was no room for its stack"
				 : "made by a thread that runs no Python code");
		return;
	}
	c->stack.truncated = site->truncated;
	c->stack.depth = site->depth < REPORT_STACK_MAX ? site->depth : REPORT_STACK_MAX;
	for (uint32_t i = 0; i < c->stack.depth; i++)
		c->stack.frame[i] = all->frame[site->at[i]];
	c->stored_known = c->allocated_known = true;
	c->stored_at = c->stack.frame[0];
	c->allocated_at = all->frame[g->line];
	if (g->line != site->at[0])
		c->stored_by = c->allocated_at;
}

static void finish_row(struct resource_row *row, const struct group *g,
		       const struct alloc_sites *all)
{
	row->kind = g->source == ACCOUNT_THREAD	   ? RESOURCE_THREAD
		    : g->source == ACCOUNT_MAPPING ? RESOURCE_MAPPING
						   : RESOURCE_FILE;
	for (int k = 0; k < RESOURCE_KINDS; k++)
		if (g->of_kind[k] > g->of_kind[row->kind])
			row->kind = k;
	/* What ended unseen has ended all the same. */
	if (row->closed < row->made - row->live)
		row->closed = row->made - row->live;
	row->about.inuse_objects = row->live;
	row->about.inuse_bytes = g->source == ACCOUNT_MAPPING ? row->bytes : UNKNOWN;
	name_line(row, g, all);
}

int resource_rows_fill(struct resources *r, const struct resource_watch *w,
		       struct resource_view *v, uint64_t *stale)
{
	struct build b = { .r = r, .w = w, .v = v, .now_ns = w->ended_ns,
			   .late_ns = w->window_ns - (w->window_ns - w->began_ns) / 3,
			   .shift = resource_watch_shift(w) };
	size_t shown = resource_view_count(v);
	int rc = -ENOMEM;

	*stale = 0;
	v->row_of = calloc(shown + 1, sizeof(*v->row_of));
	b.site = calloc(w->sites->count + 1, sizeof(*b.site));
	if (b.site && v->row_of) {
		for (size_t i = 0; i < shown; i++)
			v->row_of[i] = ROW_NONE;
		group_sites(&b);
		for (size_t i = 0; i < w->survivors; i++)
			add_survivor(&b, &w->survivor[i], stale);
		for (size_t i = 0; b.group && i < r->seen.count; i++)
			finish_row(&r->seen.row[i], &b.group[i], w->sites);
		rc = resource_unseen_fill(r, v);
	}
	free(b.site);
	free(b.group);
	return rc;
}
