// SPDX-License-Identifier: Apache-2.0
/*
 * The report for other programs, schema pyleak.report/1; docs/output.md says how each number is
 * obtained. A field that is unknown is null. Within the schema fields are only ever added.
 */
#include "census_json.h"
#include "changes_format.h"
#include "format.h"
#include "json_values.h"
#include "pauses_json.h"
#include "processes_json.h"
#include "resources_json.h"
#include "trails_json.h"
#include "who_json.h"

#define SCHEMA "pyleak.report/1"

static json_t *sizes(const struct report *r, const struct candidate *c)
{
	json_t *list = json_array();

	for (uint32_t i = 0; list && i < r->walks && i < REPORT_WALKS_MAX; i++)
		value_append(&list, value_number(c->sizes[i]));
	return list;
}

static json_t *candidate(const struct report *r, uint32_t i)
{
	const struct candidate *c = &r->candidates[i];
	json_t *value = json_pack("{s:i, s:s, s:o, s:o, s:o, s:o, s:o}",
				  "rank", (int)i + 1,
				  "verdict", verdict_name(c->verdict),
				  "confidence", value_real(c->confidence),
				  "growth_bytes_per_second", value_real(c->bytes_per_second),
				  "growth_objects_per_second", value_real(c->objects_per_second),
				  "inuse_bytes", value_number(c->inuse_bytes),
				  "inuse_objects", value_number(c->inuse_objects));
	json_t *where = json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:b, s:o, s:i, s:i}",
				  "type", value_text_or_null(c->type),
				  "held_by", value_text_or_null(c->held_by),
				  "stored_at", value_frame_or_null(c->stored_known, &c->stored_at),
				  "stored_by", value_frame_or_null(c->stored_known, &c->stored_by),
				  "allocated_at",
				  value_frame_or_null(c->allocated_known, &c->allocated_at),
				  "stack", value_stack(&c->stack),
				  "stack_truncated", c->stack.truncated,
				  "why_no_line",
				  value_text_or_null(c->stored_known || c->allocated_known
							     ? ""
							     : c->why_no_line),
				  "hits", (int)c->hits,
				  "hits_on_line", (int)c->hits_on_line);
	json_t *why = json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:i, s:o}",
				"settled_by_seconds",
				c->settled_by > 0 ? value_real(c->settled_by) : json_null(),
				"cause", value_text_or_null(c->cause),
				"advice", value_text_or_null(c->advice),
				"evidence", value_evidence(c),
				"content", value_text_or_null(c->content),
				"example", value_text_or_null(c->example),
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

	for (uint32_t i = 0; list && i < count; i++)
		value_append(&list, candidate(r, i));
	return list;
}

/* Null where allocations were not counted. */
static json_t *allocations(const struct report *r)
{
	json_t *list = r->lines ? json_array() : json_null();

	for (uint32_t i = 0; r->lines && list && i < r->line_count; i++) {
		const struct allocating_line *l = &r->lines[i];
		json_t *line = json_pack("{s:o, s:o, s:o, s:o, s:o}",
					 "allocated_at", value_frame_or_null(true, &l->at),
					 "objects_per_second", value_real(l->objects_per_second),
					 "bytes_per_second", value_real(l->bytes_per_second),
					 "inuse_objects", value_number(l->inuse_objects),
					 "inuse_bytes", value_number(l->inuse_bytes));

		value_append(&list, line);
	}
	return list;
}

static json_t *walks(const struct report *r)
{
	json_t *list = json_array();

	for (uint32_t i = 0; list && i < r->walks && i < REPORT_WALKS_MAX; i++)
		value_append(&list, value_real(r->walk_seconds[i]));
	return list;
}

static json_t *seconds_or_null(double seconds)
{
	return seconds >= 0 ? value_real(seconds) : json_null();
}

static json_t *known_or_null(const struct limit *l, double growth)
{
	return l->growth_known ? value_real(growth) : json_null();
}

static json_t *limit(const struct limit *l)
{
	if (l->bytes == UNKNOWN || !l->of[0])
		return json_null();
	return json_pack("{s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}",
			 "of", l->of,
			 "limit_bytes", value_number(l->bytes),
			 "used_bytes", value_number(l->used),
			 "growth_bytes_per_second", known_or_null(l, l->growth),
			 "growth_low_bytes_per_second", known_or_null(l, l->growth_low),
			 "growth_high_bytes_per_second", known_or_null(l, l->growth_high),
			 "reached_in_seconds", seconds_or_null(l->seconds),
			 "reached_in_low_seconds", seconds_or_null(l->seconds_low),
			 "reached_in_high_seconds", seconds_or_null(l->seconds_high));
}

static int json_leaks(FILE *out, const struct report *r, const struct format_options *o)
{
	uint32_t count = o->top && o->top < r->count ? o->top : r->count;
	json_t *root;

	root = json_pack("{s:s, s:o, s:o, s:o, s:s, s:o, s:o, s:o, "
			 "s:{s:o, s:o}, s:o, s:o, s:I, s:o, s:o, s:o, s:o}",
			 "schema", SCHEMA,
			 "target", value_target(r),
			 "started", value_started(r),
			 "duration_seconds", value_real(r->duration_seconds),
			 "verdict", verdict_name(r->verdict),
			 "summary", value_text_or_null(r->summary),
			 "threshold_bytes_per_second", value_real(r->threshold_bytes_per_second),
			 "walks", walks(r),
			 "footprint",
			 "before", value_footprint(&r->before),
			 "after", value_footprint(&r->after),
			 "limit", limit(&r->limit),
			 "candidates", candidates(r, count),
			 "candidates_found", (json_int_t)r->count,
			 "allocations", allocations(r),
			 "loss", value_loss(&r->loss),
			 "cost", value_cost(&r->cost),
			 "warnings", value_warnings(r));
	return value_write(out, root);
}

const struct format format_json = {
	.name = "json", .suffix = ".json", .leaks = json_leaks, .pauses = pauses_json,
	.heap = census_json, .who = who_json, .processes = processes_json, .changes = changes_json,
	.trails = trails_json,
	.resources = resources_json,
};
