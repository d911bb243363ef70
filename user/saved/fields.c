// SPDX-License-Identifier: Apache-2.0
#include "fields.h"

#include <stdio.h>
#include <string.h>

static json_t *get(const struct fields *f, const char *name)
{
	json_t *value = f->object ? json_object_get(f->object, name) : NULL;

	return json_is_null(value) ? NULL : value;
}

static void is_wrong(const struct fields *f, const char *name)
{
	if (!*f->wrong)
		*f->wrong = name;
}

void field_text(const struct fields *f, const char *name, char *buf, size_t cap)
{
	json_t *value = get(f, name);

	buf[0] = '\0';
	if (json_is_string(value))
		snprintf(buf, cap, "%s", json_string_value(value));
	else if (value)
		is_wrong(f, name);
}

int64_t field_number(const struct fields *f, const char *name)
{
	json_t *value = get(f, name);

	if (json_is_integer(value))
		return json_integer_value(value);
	if (value)
		is_wrong(f, name);
	return UNKNOWN;
}

uint64_t field_count(const struct fields *f, const char *name)
{
	int64_t value = field_number(f, name);

	return value < 0 ? 0 : (uint64_t)value;
}

double field_real(const struct fields *f, const char *name, double unknown)
{
	json_t *value = get(f, name);

	if (json_is_number(value))
		return json_number_value(value);
	if (value)
		is_wrong(f, name);
	return unknown;
}

bool field_bool(const struct fields *f, const char *name)
{
	json_t *value = get(f, name);

	if (value && !json_is_boolean(value))
		is_wrong(f, name);
	return json_is_true(value);
}

struct fields field_object(const struct fields *f, const char *name)
{
	json_t *value = get(f, name);

	if (value && !json_is_object(value))
		is_wrong(f, name);
	return (struct fields){ json_is_object(value) ? value : NULL, f->wrong };
}

json_t *field_list(const struct fields *f, const char *name)
{
	json_t *value = get(f, name);

	if (value && !json_is_array(value))
		is_wrong(f, name);
	return json_is_array(value) ? value : NULL;
}

struct fields field_element(const struct fields *f, json_t *list, size_t i)
{
	json_t *value = json_array_get(list, i);

	if (!json_is_object(value))
		is_wrong(f, "an element of a list");
	return (struct fields){ json_is_object(value) ? value : NULL, f->wrong };
}

static void read_frame(const struct fields *f, struct frame *frame)
{
	int64_t line = field_number(f, "line");

	field_text(f, "file", frame->file, sizeof(frame->file));
	field_text(f, "function", frame->function, sizeof(frame->function));
	frame->line = line > 0 && line <= INT32_MAX ? (int)line : 0;
	frame->native = field_bool(f, "native");
}

bool field_frame(const struct fields *f, const char *name, struct frame *frame)
{
	struct fields object = field_object(f, name);

	read_frame(&object, frame);
	return object.object != NULL;
}

void field_stack(const struct fields *f, const char *name, struct stack *stack)
{
	json_t *list = field_list(f, name);

	stack->depth = 0;
	for (size_t i = 0; i < json_array_size(list) && i < REPORT_STACK_MAX; i++) {
		struct fields frame = field_element(f, list, i);

		read_frame(&frame, &stack->frame[stack->depth++]);
	}
}

static void read_loss(const struct fields *f, struct loss *l)
{
	*l = (struct loss){
		.dropped_events = field_count(f, "dropped_events"),
		.truncated_stacks = field_count(f, "truncated_stacks"),
		.unresolved_frames = field_count(f, "unresolved_frames"),
		.map_full = field_count(f, "map_full"),
		.torn_reads = field_count(f, "torn_reads"),
		.unreached_objects = field_count(f, "unreached_objects"),
		.unreached_bytes = field_count(f, "unreached_bytes"),
		.blind_threads = field_count(f, "blind_threads"),
	};
}

static void read_cost(const struct fields *f, struct cost *c)
{
	*c = (struct cost){
		.target_cpu_percent = field_real(f, "target_cpu_percent", -1),
		.probe_hits = field_count(f, "probe_hits"),
		.bytes_read = field_count(f, "bytes_read"),
		.target_stopped_ns = field_count(f, "target_stopped_ns"),
		.own_cpu_seconds = field_real(f, "own_cpu_seconds", 0),
		.own_rss_peak_bytes = field_count(f, "own_rss_peak_bytes"),
	};
}

static void read_sampled(const struct fields *f, struct cost *c)
{
	struct fields sampled = field_object(f, "sampled");
	const char *source;
	json_t *share;
	unsigned i = 0;

	json_object_foreach(sampled.object, source, share) {
		if (i == REPORT_SOURCES_MAX)
			break;
		snprintf(c->sampled[i].source, sizeof(c->sampled[i].source), "%s", source);
		c->sampled[i++].share = json_is_number(share) ? json_number_value(share) : -1;
	}
}

static void read_warnings(const struct fields *root, struct report *r)
{
	json_t *list = field_list(root, "warnings");

	for (size_t i = 0; i < json_array_size(list); i++) {
		const char *text = json_string_value(json_array_get(list, i));

		if (text)
			report_warn(r, "%s", text);
	}
}

void field_look(const struct fields *root, struct report *r)
{
	struct fields target = field_object(root, "target"), loss = field_object(root, "loss"),
		      cost = field_object(root, "cost");
	int64_t pid = field_number(&target, "pid");
	struct tm utc = { 0 };
	char started[32];

	r->pid = pid > 0 && pid <= INT32_MAX ? (int)pid : 0;
	r->threads = (int)field_count(&target, "threads");
	field_text(&target, "comm", r->comm, sizeof(r->comm));
	field_text(&target, "python", r->python, sizeof(r->python));
	field_text(&target, "build", r->build, sizeof(r->build));
	field_text(&target, "build_id", r->build_id, sizeof(r->build_id));
	field_text(&target, "container", r->container, sizeof(r->container));
	field_text(root, "started", started, sizeof(started));
	if (strptime(started, "%Y-%m-%dT%H:%M:%SZ", &utc))
		r->started.tv_sec = timegm(&utc);
	r->duration_seconds = field_real(root, "duration_seconds", 0);
	read_loss(&loss, &r->loss);
	read_cost(&cost, &r->cost);
	read_sampled(&cost, &r->cost);
	read_warnings(root, r);
}
