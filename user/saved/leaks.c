// SPDX-License-Identifier: Apache-2.0
#include "schemas.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static enum verdict read_verdict(const struct fields *f)
{
	char text[32];

	field_text(f, "verdict", text, sizeof(text));
	for (int v = VERDICT_UNDECIDED; v <= VERDICT_RESOURCE; v++)
		if (strcmp(text, verdict_name((enum verdict)v)) == 0)
			return (enum verdict)v;
	if (!*f->wrong)
		*f->wrong = "verdict";
	return VERDICT_UNDECIDED;
}

static void read_footprint(const struct fields *f, struct footprint *out)
{
	struct fields parts = field_object(f, "parts");

	*out = (struct footprint){
		.rss = field_number(f, "rss_bytes"),
		.pss = field_number(f, "pss_bytes"),
		.uss = field_number(f, "uss_bytes"),
		.swap = field_number(f, "swap_bytes"),
		.python_live = field_number(&parts, "python_live_bytes"),
		.python_free = field_number(&parts, "python_free_bytes"),
		.native_live = field_number(&parts, "native_live_bytes"),
		.native_free = field_number(&parts, "native_free_bytes"),
		.thread_stacks = field_number(&parts, "thread_stacks_bytes"),
		.file = field_number(&parts, "file_bytes"),
		.shmem = field_number(&parts, "shmem_bytes"),
		.other = field_number(&parts, "other_bytes"),
		.native_trim = field_number(f, "native_trim_bytes"),
	};
}

static void read_limit(const struct fields *root, struct limit *l)
{
	struct fields f = field_object(root, "limit");

	*l = (struct limit){
		.bytes = field_number(&f, "limit_bytes"),
		.used = field_number(&f, "used_bytes"),
		.growth = field_real(&f, "growth_bytes_per_second", 0),
		.growth_low = field_real(&f, "growth_low_bytes_per_second", 0),
		.growth_high = field_real(&f, "growth_high_bytes_per_second", 0),
		.seconds = field_real(&f, "reached_in_seconds", -1),
		.seconds_low = field_real(&f, "reached_in_low_seconds", -1),
		.seconds_high = field_real(&f, "reached_in_high_seconds", -1),
	};
	l->growth_known = field_real(&f, "growth_low_bytes_per_second", NAN) == l->growth_low;
	field_text(&f, "of", l->of, sizeof(l->of));
}

static void read_texts(const struct fields *f, struct candidate *c)
{
	json_t *evidence = field_list(f, "evidence");

	field_text(f, "type", c->type, sizeof(c->type));
	field_text(f, "content", c->content, sizeof(c->content));
	field_text(f, "held_by", c->held_by, sizeof(c->held_by));
	field_text(f, "example", c->example, sizeof(c->example));
	field_text(f, "why_no_line", c->why_no_line, sizeof(c->why_no_line));
	field_text(f, "cause", c->cause, sizeof(c->cause));
	field_text(f, "advice", c->advice, sizeof(c->advice));
	for (size_t i = 0; i < json_array_size(evidence); i++) {
		const char *text = json_string_value(json_array_get(evidence, i));

		if (text)
			candidate_evidence(c, "%s", text);
	}
}

static void read_candidate(const struct fields *f, struct candidate *c)
{
	json_t *sizes = field_list(f, "sizes");

	c->verdict = read_verdict(f);
	c->confidence = field_real(f, "confidence", 0);
	c->bytes_per_second = field_real(f, "growth_bytes_per_second", 0);
	c->objects_per_second = field_real(f, "growth_objects_per_second", 0);
	c->inuse_bytes = field_number(f, "inuse_bytes");
	c->inuse_objects = field_number(f, "inuse_objects");
	c->settled_by = field_real(f, "settled_by_seconds", 0);
	c->siblings = (uint32_t)field_count(f, "siblings");
	c->hits = (uint32_t)field_count(f, "hits");
	c->hits_on_line = (uint32_t)field_count(f, "hits_on_line");
	c->stored_known = field_frame(f, "stored_at", &c->stored_at);
	field_frame(f, "stored_by", &c->stored_by);
	c->allocated_known = field_frame(f, "allocated_at", &c->allocated_at);
	field_stack(f, "stack", &c->stack);
	c->stack.truncated = field_bool(f, "stack_truncated");
	for (size_t i = 0; i < REPORT_WALKS_MAX; i++) {
		json_t *size = json_array_get(sizes, i);

		c->sizes[i] = json_is_integer(size) ? json_integer_value(size) : UNKNOWN;
	}
	read_texts(f, c);
}

static int read_candidates(const struct fields *root, struct report *r)
{
	json_t *list = field_list(root, "candidates");
	size_t count = json_array_size(list);

	r->candidates = calloc(count + 1, sizeof(*r->candidates));
	if (!r->candidates)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++) {
		struct fields f = field_element(root, list, i);

		if (f.object)
			read_candidate(&f, &r->candidates[r->count++]);
	}
	return 0;
}

static int read_lines(const struct fields *root, struct report *r)
{
	json_t *list = field_list(root, "allocations");
	size_t count = json_array_size(list);

	if (!list)
		return 0;
	r->lines = calloc(count + 1, sizeof(*r->lines));
	if (!r->lines)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++) {
		struct fields f = field_element(root, list, i);
		struct allocating_line *line = &r->lines[r->line_count++];

		field_frame(&f, "allocated_at", &line->at);
		line->bytes_per_second = field_real(&f, "bytes_per_second", 0);
		line->objects_per_second = field_real(&f, "objects_per_second", 0);
		line->inuse_bytes = field_number(&f, "inuse_bytes");
		line->inuse_objects = field_number(&f, "inuse_objects");
	}
	return 0;
}

int saved_leaks(const struct fields *root, struct saved *s)
{
	struct report *r = &s->leaks;
	struct fields footprint = field_object(root, "footprint");
	struct fields before = field_object(&footprint, "before");
	struct fields after = field_object(&footprint, "after");
	json_t *walks = field_list(root, "walks");
	int rc;

	s->kind = SAVED_LEAKS;
	field_look(root, r);
	r->verdict = read_verdict(root);
	field_text(root, "summary", r->summary, sizeof(r->summary));
	r->threshold_bytes_per_second = field_real(root, "threshold_bytes_per_second", 0);
	for (size_t i = 0; i < json_array_size(walks) && i < REPORT_WALKS_MAX; i++)
		r->walk_seconds[r->walks++] = json_number_value(json_array_get(walks, i));
	read_footprint(&before, &r->before);
	read_footprint(&after, &r->after);
	read_limit(root, &r->limit);
	rc = read_candidates(root, r);
	return rc ? rc : read_lines(root, r);
}
