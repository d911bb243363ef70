// SPDX-License-Identifier: Apache-2.0
#include "json_values.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define DIGITS 12

/* Text of the target may end within a character, or be none at all (a comm is any bytes). */
json_t *value_text(const char *s)
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

json_t *value_text_or_null(const char *s)
{
	return s[0] ? value_text(s) : json_null();
}

json_t *value_number(int64_t n)
{
	return n == UNKNOWN ? json_null() : json_integer(n);
}

/* A ratio whose divisor was nothing is unknown too. */
json_t *value_real(double value)
{
	return isfinite(value) ? json_real(value) : json_null();
}

json_t *value_frame(const struct frame *f)
{
	return json_pack("{s:o, s:o, s:o, s:b}",
			 "file", value_text_or_null(f->file),
			 "line", f->line > 0 ? json_integer(f->line) : json_null(),
			 "function", value_text_or_null(f->function),
			 "native", f->native);
}

json_t *value_frame_or_null(bool known, const struct frame *f)
{
	return known && (f->file[0] || f->function[0]) ? value_frame(f) : json_null();
}

json_t *value_stack(const struct stack *s)
{
	json_t *frames = json_array();

	for (uint32_t i = 0; frames && i < s->depth && i < REPORT_STACK_MAX; i++)
		value_append(&frames, value_frame(&s->frame[i]));
	return frames;
}

json_t *value_footprint(const struct footprint *f)
{
	json_t *parts = json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}",
				  "python_live_bytes", value_number(f->python_live),
				  "python_free_bytes", value_number(f->python_free),
				  "native_live_bytes", value_number(f->native_live),
				  "native_free_bytes", value_number(f->native_free),
				  "thread_stacks_bytes", value_number(f->thread_stacks),
				  "file_bytes", value_number(f->file),
				  "shmem_bytes", value_number(f->shmem),
				  "other_bytes", value_number(f->other));

	return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o}",
			 "rss_bytes", value_number(f->rss),
			 "pss_bytes", value_number(f->pss),
			 "uss_bytes", value_number(f->uss),
			 "swap_bytes", value_number(f->swap),
			 "parts", parts,
			 "native_trim_bytes", value_number(f->native_trim));
}

json_t *value_warnings(const struct report *r)
{
	json_t *list = json_array();

	for (uint32_t i = 0; list && i < r->warning_count; i++)
		value_append(&list, value_text(r->warnings[i]));
	return list;
}

json_t *value_evidence(const struct candidate *c)
{
	json_t *list = json_array();

	for (uint32_t i = 0; list && i < c->evidence_count && i < REPORT_EVIDENCE_MAX; i++)
		value_append(&list, value_text(c->evidence[i]));
	return list;
}

json_t *value_target(const struct report *r)
{
	return json_pack("{s:i, s:o, s:o, s:o, s:o, s:o, s:o}",
			 "pid", r->pid,
			 "comm", value_text_or_null(r->comm),
			 "python", value_text_or_null(r->python),
			 "build", value_text_or_null(r->build),
			 "build_id", value_text_or_null(r->build_id),
			 "container", value_text_or_null(r->container),
			 "threads", r->threads > 0 ? json_integer(r->threads) : json_null());
}

json_t *value_loss(const struct loss *l)
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

/* {"mmap": 0.9, "libc": 0.08, "pymalloc": null}, in order; null where nothing was sampled. */
static json_t *value_sampled(const struct cost *c)
{
	json_t *sampled = c->sampled[0].source[0] ? json_object() : json_null();

	for (unsigned i = 0; i < REPORT_SOURCES_MAX && c->sampled[i].source[0]; i++)
		json_object_set_new(sampled, c->sampled[i].source,
				    c->sampled[i].share < 0 ? json_null()
							    : value_real(c->sampled[i].share));
	return sampled;
}

json_t *value_cost(const struct cost *c)
{
	return json_pack("{s:o, s:I, s:I, s:I, s:o, s:I, s:o}",
			 "target_cpu_percent",
			 c->target_cpu_percent < 0 ? json_null()
						   : value_real(c->target_cpu_percent),
			 "probe_hits", (json_int_t)c->probe_hits,
			 "bytes_read", (json_int_t)c->bytes_read,
			 "target_stopped_ns", (json_int_t)c->target_stopped_ns,
			 "own_cpu_seconds", value_real(c->own_cpu_seconds),
			 "own_rss_peak_bytes", (json_int_t)c->own_rss_peak_bytes,
			 "sampled", value_sampled(c));
}

json_t *value_started(const struct report *r)
{
	char started[32] = "";
	struct tm utc;

	if (gmtime_r(&r->started.tv_sec, &utc))
		strftime(started, sizeof(started), "%Y-%m-%dT%H:%M:%SZ", &utc);
	return value_text_or_null(started);
}

void value_append(json_t **list, json_t *item)
{
	if (json_array_append_new(*list, item)) {
		json_decref(*list);
		*list = NULL;
	}
}

int value_write(FILE *out, json_t *root)
{
	int err;

	if (!root)
		return -ENOMEM;
	err = json_dumpf(root, out, JSON_INDENT(2) | JSON_REAL_PRECISION(DIGITS));
	json_decref(root);
	fputc('\n', out);
	return err || ferror(out) ? -EIO : 0;
}
