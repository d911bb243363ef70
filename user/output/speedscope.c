// SPDX-License-Identifier: Apache-2.0
/*
 * For https://www.speedscope.app, its own file format: frames once, and samples that name them by
 * index, outermost first. A candidate is a sample whose weight is the bytes that survive under it;
 * its last frame is the holder. A stack that tripped collections weighs the time they took.
 */
#include "format.h"
#include "json_values.h"

#define SCHEMA "https://www.speedscope.app/file-format-schema.json"

struct scope {
	json_t *frames, *samples, *weights; /* owned */
	json_t *index;			    /* owned: text of a frame -> its index */
	json_int_t all;
	bool failed;
};

static void add_frame(struct scope *s, json_t *sample, const char *name, const struct frame *f)
{
	char key[512];
	json_t *at, *frame;

	snprintf(key, sizeof(key), "%s\n%s\n%d", name, f ? f->file : "", f ? f->line : 0);
	at = json_object_get(s->index, key);
	if (!at) {
		frame = json_pack("{s:o}", "name", value_text(name));
		if (frame && f && f->file[0])
			s->failed |= json_object_set_new(frame, "file", value_text(f->file)) != 0;
		if (frame && f && f->line > 0)
			s->failed |= json_object_set_new(frame, "line", json_integer(f->line)) != 0;
		at = json_integer((json_int_t)json_array_size(s->frames));
		s->failed |= json_object_set_new_nocheck(s->index, key, at) != 0;
		s->failed |= json_array_append_new(s->frames, frame) != 0;
	}
	s->failed |= json_array_append(sample, at) != 0;
}

static void add_sample(struct scope *s, const struct stack *stack, const char *last,
		       json_int_t weight)
{
	uint32_t depth = stack->depth < REPORT_STACK_MAX ? stack->depth : REPORT_STACK_MAX;
	json_t *sample = json_array();

	while (depth) {
		const struct frame *f = &stack->frame[--depth];

		add_frame(s, sample, f->function[0] ? f->function : "?", f);
	}
	add_frame(s, sample, last, NULL);
	s->failed |= json_array_append_new(s->samples, sample) != 0;
	s->failed |= json_array_append_new(s->weights, json_integer(weight)) != 0;
	s->all += weight;
}

static struct scope scope_new(void)
{
	return (struct scope){ .frames = json_array(),
			       .samples = json_array(),
			       .weights = json_array(),
			       .index = json_object() };
}

static int scope_write(FILE *out, struct scope *s, const struct report *r, const char *name,
		       const char *unit)
{
	char title[96];
	json_t *root;

	snprintf(title, sizeof(title), "pid %d %s: %s", r->pid, r->comm, name);
	root = json_pack("{s:s, s:s, s:o, s:i, s:{s:o}, s:[{s:s, s:s, s:s, s:i, s:I, s:o, s:o}]}",
			 "$schema", SCHEMA,
			 "exporter", "pyleak " PYLEAK_VERSION,
			 "name", value_text(title),
			 "activeProfileIndex", 0,
			 "shared", "frames", s->frames,
			 "profiles",
			 "type", "sampled",
			 "name", name,
			 "unit", unit,
			 "startValue", 0,
			 "endValue", s->all,
			 "samples", s->samples,
			 "weights", s->weights);
	json_decref(s->index);
	if (s->failed) {
		json_decref(root);
		root = NULL;
	}
	return value_write(out, root);
}

static int speedscope_leaks(FILE *out, const struct report *r, const struct format_options *o)
{
	uint32_t count = o->top && o->top < r->count ? o->top : r->count;
	struct scope s = scope_new();

	for (uint32_t i = 0; i < count; i++) {
		const struct candidate *c = &r->candidates[i];

		if (c->inuse_bytes != UNKNOWN && c->inuse_bytes > 0)
			add_sample(&s, &c->stack,
				   c->held_by[0] ? c->held_by : "(holder not found)",
				   c->inuse_bytes);
	}
	return scope_write(out, &s, r, "bytes that stay", "bytes");
}

static int speedscope_pauses(FILE *out, const struct pauses *p, const struct format_options *o)
{
	struct scope s = scope_new();

	(void)o;
	for (size_t i = 0; i < p->stacks; i++)
		add_sample(&s, &p->stack[i].stack, "(collection)",
			   (json_int_t)p->stack[i].pause_ns);
	return scope_write(out, &s, &p->look, "collections", "nanoseconds");
}

const struct format format_speedscope = {
	.name = "speedscope", .suffix = ".speedscope.json", .leaks = speedscope_leaks,
	.pauses = speedscope_pauses,
};
