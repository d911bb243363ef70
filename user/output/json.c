// SPDX-License-Identifier: Apache-2.0
/*
 * The report for other programs, schema pyleak.report/1; docs/output.md says how each number is
 * obtained. A field that is unknown is null. Within the schema fields are only ever added.
 *
 * json_pack() takes over every value it is given, also when it fails, and then answers NULL: so a
 * NULL from any function here means that memory ran out, and nothing leaks.
 */
#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "format.h"

#define SCHEMA "pyleak.report/1"
#define DIGITS 12

/* Text of the target may end within a character, or be none at all (a comm is any bytes). */
static json_t *text(const char *s)
{
	json_t *value = json_string(s);
	char *copy;

	if (value)
		return value;
	copy = strdup(s);
	if (!copy)
		return NULL;
	for (char *at = copy; *at; at++)
		if (*at & 0x80)
			*at = '?';
	value = json_string(copy);
	free(copy);
	return value;
}

static json_t *text_or_null(const char *s)
{
	return s[0] ? text(s) : json_null();
}

static json_t *number(int64_t n)
{
	return n == UNKNOWN ? json_null() : json_integer(n);
}

/* A ratio whose divisor was nothing is unknown too. */
static json_t *real(double value)
{
	return isfinite(value) ? json_real(value) : json_null();
}

static json_t *frame(const struct frame *f)
{
	return json_pack("{s:o, s:o, s:o, s:b}",
			 "file", text_or_null(f->file),
			 "line", f->line > 0 ? json_integer(f->line) : json_null(),
			 "function", text_or_null(f->function),
			 "native", f->native);
}

static json_t *frame_or_null(bool known, const struct frame *f)
{
	return known && (f->file[0] || f->function[0]) ? frame(f) : json_null();
}

static json_t *footprint(const struct footprint *f)
{
	json_t *parts = json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}",
				  "python_live_bytes", number(f->python_live),
				  "python_free_bytes", number(f->python_free),
				  "native_live_bytes", number(f->native_live),
				  "native_free_bytes", number(f->native_free),
				  "thread_stacks_bytes", number(f->thread_stacks),
				  "file_bytes", number(f->file),
				  "shmem_bytes", number(f->shmem),
				  "other_bytes", number(f->other));

	return json_pack("{s:o, s:o, s:o, s:o, s:o}",
			 "rss_bytes", number(f->rss),
			 "pss_bytes", number(f->pss),
			 "uss_bytes", number(f->uss),
			 "swap_bytes", number(f->swap),
			 "parts", parts);
}

static json_t *stack(const struct stack *s)
{
	json_t *frames = json_array();

	for (uint32_t i = 0; frames && i < s->depth && i < REPORT_STACK_MAX; i++) {
		if (json_array_append_new(frames, frame(&s->frame[i]))) {
			json_decref(frames);
			return NULL;
		}
	}
	return frames;
}

static json_t *sizes(const struct report *r, const struct candidate *c)
{
	json_t *list = json_array();

	for (uint32_t i = 0; list && i < r->walks && i < REPORT_WALKS_MAX; i++) {
		if (json_array_append_new(list, number(c->sizes[i]))) {
			json_decref(list);
			return NULL;
		}
	}
	return list;
}

static json_t *evidence(const struct candidate *c)
{
	json_t *list = json_array();

	for (uint32_t i = 0; list && i < c->evidence_count && i < REPORT_EVIDENCE_MAX; i++) {
		if (json_array_append_new(list, text(c->evidence[i]))) {
			json_decref(list);
			return NULL;
		}
	}
	return list;
}

static json_t *candidate(const struct report *r, uint32_t i)
{
	const struct candidate *c = &r->candidates[i];
	json_t *value = json_pack("{s:i, s:s, s:o, s:o, s:o, s:o, s:o}",
				  "rank", (int)i + 1,
				  "verdict", verdict_name(c->verdict),
				  "confidence", real(c->confidence),
				  "growth_bytes_per_second", real(c->bytes_per_second),
				  "growth_objects_per_second", real(c->objects_per_second),
				  "inuse_bytes", number(c->inuse_bytes),
				  "inuse_objects", number(c->inuse_objects));
	json_t *where = json_pack("{s:o, s:o, s:o, s:o, s:n, s:o, s:b, s:o, s:i, s:i}",
				  "type", text_or_null(c->type),
				  "held_by", text_or_null(c->held_by),
				  "stored_at", frame_or_null(c->stored_known, &c->stored_at),
				  "stored_by", frame_or_null(c->stored_known, &c->stored_by),
				  "allocated_at",
				  "stack", stack(&c->stack),
				  "stack_truncated", c->stack.truncated,
				  "why_no_line",
				  text_or_null(c->stored_known ? "" : c->why_no_line),
				  "hits", (int)c->hits,
				  "hits_on_line", (int)c->hits_on_line);
	json_t *why = json_pack("{s:o, s:o, s:o, s:o, s:o, s:i, s:o}",
				"cause", text_or_null(c->cause),
				"advice", text_or_null(c->advice),
				"evidence", evidence(c),
				"content", text_or_null(c->content),
				"example", text_or_null(c->example),
				"siblings", (int)c->siblings,
				"sizes", sizes(r, c));

	if (!value || json_object_update(value, where) || json_object_update(value, why)) {
		json_decref(value);
		value = NULL;
	}
	json_decref(where);
	json_decref(why);
	return value;
}

static json_t *candidates(const struct report *r, uint32_t count)
{
	json_t *list = json_array();

	for (uint32_t i = 0; list && i < count; i++) {
		if (json_array_append_new(list, candidate(r, i))) {
			json_decref(list);
			return NULL;
		}
	}
	return list;
}

static json_t *walks(const struct report *r)
{
	json_t *list = json_array();

	for (uint32_t i = 0; list && i < r->walks && i < REPORT_WALKS_MAX; i++) {
		if (json_array_append_new(list, real(r->walk_seconds[i]))) {
			json_decref(list);
			return NULL;
		}
	}
	return list;
}

static json_t *warnings(const struct report *r)
{
	json_t *list = json_array();

	for (uint32_t i = 0; list && i < r->warning_count; i++) {
		if (json_array_append_new(list, text(r->warnings[i]))) {
			json_decref(list);
			return NULL;
		}
	}
	return list;
}

static json_t *target(const struct report *r)
{
	return json_pack("{s:i, s:o, s:o, s:o, s:o, s:o, s:o}",
			 "pid", r->pid,
			 "comm", text_or_null(r->comm),
			 "python", text_or_null(r->python),
			 "build", text_or_null(r->build),
			 "build_id", text_or_null(r->build_id),
			 "container", text_or_null(r->container),
			 "threads", r->threads > 0 ? json_integer(r->threads) : json_null());
}

static json_t *loss(const struct loss *l)
{
	return json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I}",
			 "dropped_events", (json_int_t)l->dropped_events,
			 "truncated_stacks", (json_int_t)l->truncated_stacks,
			 "unresolved_frames", (json_int_t)l->unresolved_frames,
			 "map_full", (json_int_t)l->map_full,
			 "torn_reads", (json_int_t)l->torn_reads,
			 "unreached_objects", (json_int_t)l->unreached_objects,
			 "unreached_bytes", (json_int_t)l->unreached_bytes,
			 "blind_threads", (json_int_t)l->blind_threads);
}

static json_t *cost(const struct cost *c)
{
	return json_pack("{s:o, s:I, s:I, s:I, s:o, s:I}",
			 "target_cpu_percent",
			 c->target_cpu_percent < 0 ? json_null() : real(c->target_cpu_percent),
			 "probe_hits", (json_int_t)c->probe_hits,
			 "bytes_read", (json_int_t)c->bytes_read,
			 "target_stopped_ns", (json_int_t)c->target_stopped_ns,
			 "own_cpu_seconds", real(c->own_cpu_seconds),
			 "own_rss_peak_bytes", (json_int_t)c->own_rss_peak_bytes);
}

static int json_leaks(FILE *out, const struct report *r, const struct format_options *o)
{
	uint32_t count = o->top && o->top < r->count ? o->top : r->count;
	char started[32] = "";
	struct tm utc;
	json_t *root;
	int rc;

	if (gmtime_r(&r->started.tv_sec, &utc))
		strftime(started, sizeof(started), "%Y-%m-%dT%H:%M:%SZ", &utc);
	root = json_pack("{s:s, s:o, s:o, s:o, s:s, s:o, s:o, s:o, "
			 "s:{s:o, s:o}, s:o, s:I, s:o, s:o, s:o}",
			 "schema", SCHEMA,
			 "target", target(r),
			 "started", text_or_null(started),
			 "duration_seconds", real(r->duration_seconds),
			 "verdict", verdict_name(r->verdict),
			 "summary", text_or_null(r->summary),
			 "threshold_bytes_per_second", real(r->threshold_bytes_per_second),
			 "walks", walks(r),
			 "footprint",
			 "before", footprint(&r->before),
			 "after", footprint(&r->after),
			 "candidates", candidates(r, count),
			 "candidates_found", (json_int_t)r->count,
			 "loss", loss(&r->loss),
			 "cost", cost(&r->cost),
			 "warnings", warnings(r));
	if (!root)
		return -ENOMEM;
	rc = json_dumpf(root, out, JSON_INDENT(2) | JSON_REAL_PRECISION(DIGITS));
	json_decref(root);
	fputc('\n', out);
	return rc || ferror(out) ? -EIO : 0;
}

const struct format format_json = { .name = "json", .suffix = ".json", .leaks = json_leaks };
