// SPDX-License-Identifier: Apache-2.0
#include "path.h"

#include <stdio.h>
#include <string.h>

#include "kinds.h"
#include "members.h"

#define DEPTH_MAX (1u << 24) /* of parents followed: longer is a loop, which cannot be */
#define REPEATS_SHOWN 2	     /* ".next.next.next..." is written ".next.next(...)" */

const struct root *path_root(const struct reach *r, uint32_t block)
{
	for (uint32_t i = 0; i < DEPTH_MAX && reach_parent(r, block) != PARENT_NONE; i++) {
		if (reach_is_root(reach_parent(r, block)))
			return reach_root(r, reach_parent(r, block));
		block = reach_parent(r, block);
	}
	return NULL;
}

/* Blocks on the way, from the outermost written one to @block; @left_out says whether there are
 * others before [half]. */
struct way {
	uint32_t block[PATH_STEPS_MAX];
	unsigned count;
	unsigned gap; /* steps are left out in front of this one; 0: none */
};

static void find_way(const struct reach *r, uint32_t block, struct way *way)
{
	uint32_t depth = 1, at = block;

	while (!reach_is_root(reach_parent(r, at)) && depth < DEPTH_MAX) {
		at = reach_parent(r, at);
		depth++;
	}
	way->count = depth < PATH_STEPS_MAX ? depth : PATH_STEPS_MAX;
	way->gap = depth > PATH_STEPS_MAX ? PATH_STEPS_MAX / 2 : 0;
	at = block;
	for (uint32_t i = depth; i-- > 0; at = reach_parent(r, at)) {
		if (!way->gap || i < way->gap)
			way->block[i] = at;
		else if (depth - i <= PATH_STEPS_MAX - way->gap)
			way->block[PATH_STEPS_MAX - (depth - i)] = at;
		if (!i)
			break;
	}
}

/* What the label of a step depends on, of the steps before it. */
struct context {
	uint64_t function; /* whose closure the step before led to */
	bool namespace, first;
	bool values; /* also keys and indexes that are data */
};

struct writer {
	struct strbuf out;
	char last[96]; /* the label written before */
	unsigned repeats;
	struct context context;
	bool colon; /* ": " comes before the first label */
};

static void add_label(struct writer *w, const char *label)
{
	if (!*label)
		return;
	if (strcmp(label, w->last) == 0) {
		if (++w->repeats == REPEATS_SHOWN)
			strbuf_add(&w->out, "...");
		if (w->repeats >= REPEATS_SHOWN)
			return;
	} else {
		w->repeats = 0;
	}
	if (w->colon)
		strbuf_add(&w->out, ": ");
	w->colon = false;
	strbuf_add(&w->out, label);
	snprintf(w->last, sizeof(w->last), "%s", label);
}

static void label_step(struct reach *r, struct context *c, uint32_t parent, unsigned edge,
		       char *text, size_t cap)
{
	struct step step = { .edge = edge,
			     .function = c->function,
			     .namespace = c->namespace,
			     .first = c->first,
			     .values = c->values };
	struct strbuf label;

	reach_object(r, parent, &step.parent);
	strbuf_init(&label, text, cap);
	kinds_label(r, &step, &label);
	if (*text)
		c->first = false;
	c->namespace = members_is_namespace(r, &step.parent, edge);
	c->function = members_is_closure(r, &step.parent, edge) ? step.parent.addr : 0;
}

static void add_step(struct reach *r, struct writer *w, uint32_t parent, unsigned edge)
{
	char text[96];

	label_step(r, &w->context, parent, edge, text, sizeof(text));
	add_label(w, text);
}

static void begin(const struct reach *r, struct writer *w, uint32_t block, char *buf, size_t cap)
{
	const struct root *root = path_root(r, block);

	*w = (struct writer){ .context.first = true };
	strbuf_init(&w->out, buf, cap);
	if (root)
		strbuf_add(&w->out, root->label);
	w->colon = root && root->kind != ROOT_FRAME; /* a frame's label ends with its variable */
}

static void steps(struct reach *r, struct writer *w, uint32_t block)
{
	struct way way;

	find_way(r, block, &way);
	for (unsigned i = 1; i < way.count; i++) {
		if (way.gap && i == way.gap && !strbuf_ends_with(&w->out, "..."))
			strbuf_add(&w->out, " ... ");
		add_step(r, w, reach_parent(r, way.block[i]),
			 reach_parent_edge(r, way.block[i]));
	}
}

void path_write(struct reach *r, uint32_t block, char *buf, size_t cap)
{
	struct writer w;

	begin(r, &w, block, buf, cap);
	if (reach_parent(r, block) != PARENT_NONE)
		steps(r, &w, block);
}

void path_write_slot(struct reach *r, uint32_t holder, unsigned edge, char *buf, size_t cap)
{
	struct writer w;

	begin(r, &w, holder, buf, cap);
	if (reach_parent(r, holder) == PARENT_NONE)
		return;
	steps(r, &w, holder);
	add_step(r, &w, holder, edge);
}

void path_write_example(struct reach *r, uint32_t holder, unsigned edge, char *buf, size_t cap)
{
	struct writer w;

	begin(r, &w, holder, buf, cap);
	if (reach_parent(r, holder) == PARENT_NONE)
		return;
	w.context.values = true;
	steps(r, &w, holder);
	add_step(r, &w, holder, edge);
}

struct list {
	struct path_step *step;
	unsigned count, most;
};

/* The middle of a long path goes: what is in the middle then makes room. */
static void append(struct list *l, const char *label, unsigned type)
{
	struct path_step *last = l->count ? &l->step[l->count - 1] : NULL;

	if (!*label || (last && strcmp(last->label, label) == 0)) {
		if (last)
			last->type = type;
		return;
	}
	if (l->count == l->most) {
		unsigned gap = l->most / 2;

		memmove(&l->step[gap], &l->step[gap + 1], (l->most - gap - 1) * sizeof(*l->step));
		l->count--;
	}
	snprintf(l->step[l->count].label, sizeof(l->step[0].label), "%s", label);
	l->step[l->count++].type = type;
}

unsigned path_steps(struct reach *r, uint32_t holder, unsigned edge, struct path_step *step,
		    unsigned most)
{
	const struct root *root = path_root(r, holder);
	struct context context = { .first = true };
	struct list list = { .step = step, .most = most };
	char text[96];
	struct way way;

	if (!root)
		return 0;
	find_way(r, holder, &way);
	snprintf(text, sizeof(text), "%.95s", root->label);
	append(&list, text, reach_type(r, way.block[0]));
	for (unsigned i = 1; i < way.count; i++) {
		label_step(r, &context, reach_parent(r, way.block[i]),
			   reach_parent_edge(r, way.block[i]), text, sizeof(text));
		append(&list, text, reach_type(r, way.block[i]));
	}
	label_step(r, &context, holder, edge, text, sizeof(text));
	append(&list, *text ? text : "its content", TYPE_NONE);
	return list.count;
}
