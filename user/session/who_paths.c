// SPDX-License-Identifier: Apache-2.0
#include "who_paths.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../heap/kinds.h"
#include "../heap/path.h"
#include "../heap/pattern.h"
#include "../heap/typename.h"

#define SLOTS (4 * WHO_PATTERNS_MAX) /* of the hash */

struct group {
	uint64_t pattern;
	struct ref example;
	uint64_t references, objects, retained;
	uint64_t holders; /* references come holder by holder */
	uint32_t last;	  /* holder of the reference before */
};

struct groups {
	struct reach *r;
	const struct referrers *found;
	struct group *group; /* owned: SLOTS, by hash */
	size_t count;
	uint64_t left_out;
};

static struct group *group_of(struct groups *g, uint64_t pattern)
{
	size_t at = pattern % SLOTS;

	while (g->group[at].pattern && g->group[at].pattern != pattern)
		at = (at + 1) % SLOTS;
	if (!g->group[at].pattern && g->count == WHO_PATTERNS_MAX)
		return NULL;
	return &g->group[at];
}

static bool is_shortest(const struct groups *g, const struct ref *ref)
{
	uint32_t parent = reach_parent(g->r, ref->to);

	if (referrers_is_root(g->found, ref->from))
		return reach_is_root(parent) &&
		       strcmp(reach_root(g->r, parent)->label,
			      referrers_root_label(g->found, ref->from)) == 0;
	return ref->from == parent && ref->edge == reach_parent_edge(g->r, ref->to);
}

static void add(struct groups *g, const struct dominators *d, const struct ref *ref)
{
	bool root = referrers_is_root(g->found, ref->from);
	uint64_t pattern = root ? ref->from : pattern_of(g->r, ref->from, ref->edge) | 1ull << 40;
	struct group *group;

	/* what may be stale is told where nothing else leads to the object */
	if (referrers_is_unsure(g->found, ref) && !is_shortest(g, ref))
		return;
	group = group_of(g, pattern);
	if (!group) {
		g->left_out++;
		return;
	}
	if (!group->pattern) {
		*group = (struct group){ .pattern = pattern, .example = *ref, .last = PARENT_NONE };
		g->count++;
	}
	group->references++;
	group->holders += group->last != ref->from;
	group->last = ref->from;
	if (is_shortest(g, ref)) {
		group->objects++;
		group->retained += dominators_bytes(d, ref->to);
	}
}

static void type_text(const struct reach *r, uint32_t block, char *buf, size_t cap)
{
	unsigned type = reach_type(r, block);

	buf[0] = '\0';
	if (type != TYPE_NONE)
		typename_write(r->types, type, buf, cap);
}

static void write_steps(struct groups *g, const struct group *group, struct who_path *path)
{
	struct path_step step[WHO_STEPS_MAX - 1];
	uint32_t from = group->example.from;
	unsigned count;

	if (referrers_is_root(g->found, from)) {
		snprintf(path->step[0].label, sizeof(path->step[0].label), "%.95s",
			 referrers_root_label(g->found, from));
		path->steps = 1;
	} else {
		count = path_steps(g->r, from, group->example.edge, step, WHO_STEPS_MAX - 1);
		for (unsigned i = 0; i < count; i++) {
			struct who_step *to = &path->step[path->steps++];

			snprintf(to->label, sizeof(to->label), "%.95s", step[i].label);
			if (step[i].type != TYPE_NONE)
				typename_write(g->r->types, step[i].type, to->type,
					       sizeof(to->type));
		}
	}
	if (path->steps)
		type_text(g->r, group->example.to, path->step[path->steps - 1].type,
			  sizeof(path->step[0].type));
}

/* How the slot itself is written: the last step of the path. */
static void slot_text(struct groups *g, const struct ref *ref, char *buf, size_t cap)
{
	struct step step = { .edge = ref->edge };
	struct strbuf label;

	strbuf_init(&label, buf, cap);
	reach_object(g->r, ref->from, &step.parent);
	kinds_label(g->r, &step, &label);
}

static void write_path(struct groups *g, const struct group *group, struct who_path *path,
		       bool values)
{
	const struct ref *ref = &group->example;

	path->reached = true;
	if (referrers_is_root(g->found, ref->from)) {
		snprintf(path->path, sizeof(path->path), "%s",
			 referrers_root_label(g->found, ref->from));
		return;
	}
	type_text(g->r, ref->from, path->holder, sizeof(path->holder));
	path->reached = parents_reached(&g->r->parents, ref->from);
	if (path->reached) {
		path_write_slot(g->r, ref->from, ref->edge, path->path, sizeof(path->path));
		if (values)
			path_write_example(g->r, ref->from, ref->edge, path->example,
					   sizeof(path->example));
		return;
	}
	snprintf(path->path, sizeof(path->path), "unreached %s", path->holder);
	slot_text(g, ref, path->path + strlen(path->path),
		  sizeof(path->path) - strlen(path->path));
}

static int write_group(struct groups *g, const struct group *group, struct who *w, bool values)
{
	struct who_path *path = who_add_path(w);
	struct who_referrer *referrer = who_add_referrer(w);
	const struct ref *ref = &group->example;

	if (!path || !referrer)
		return -ENOMEM;
	path->references = (int64_t)group->references;
	path->objects = (int64_t)group->objects;
	path->retained_bytes = (int64_t)group->retained;
	write_path(g, group, path, values);
	write_steps(g, group, path);
	referrer->references = (int64_t)group->references;
	referrer->holders = (int64_t)group->holders;
	if (referrers_is_root(g->found, ref->from)) {
		snprintf(referrer->type, sizeof(referrer->type), "root");
		snprintf(referrer->slot, sizeof(referrer->slot), "%.95s", path->path);
	} else {
		snprintf(referrer->type, sizeof(referrer->type), "%s", path->holder);
		slot_text(g, ref, referrer->slot, sizeof(referrer->slot));
	}
	return 0;
}

int who_paths(struct who *w, const struct referrers *f, const struct dominators *d, bool values)
{
	struct group *all = calloc(SLOTS, sizeof(*all));
	struct groups g = { .r = f->r, .found = f, .group = all };
	int err = 0;

	if (!all)
		return -ENOMEM;
	for (size_t i = 0; i < f->refs; i++)
		add(&g, d, &f->ref[i]);
	for (size_t i = 0; i < SLOTS && !err; i++)
		if (all[i].pattern)
			err = write_group(&g, &all[i], w, values);
	w->references_left_out += (int64_t)g.left_out;
	free(all);
	if (!err)
		who_merge(w);
	return err;
}
