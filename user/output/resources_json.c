// SPDX-License-Identifier: Apache-2.0
#include "resources_json.h"

#include "json_values.h"

#define SCHEMA "pyleak.fds/1"

static json_t *counts(const struct resources *r)
{
	json_t *all = json_object();

	for (int k = 0; all && k < RESOURCE_KINDS; k++) {
		json_t *pair = json_pack("{s:o, s:o}",
					 "before", value_number(r->before.of[k]),
					 "after", value_number(r->after.of[k]));

		if (json_object_set_new(all, resource_kind_name(k), pair)) {
			json_decref(all);
			return NULL;
		}
	}
	return all;
}

static json_t *what_list(const struct resource_row *row)
{
	json_t *list = json_array();

	for (uint32_t i = 0; list && i < row->what_count; i++) {
		json_t *what = json_pack("{s:o, s:i}",
					 "text", value_text(row->what[i].text),
					 "count", (int)row->what[i].count);

		value_append(&list, what);
	}
	return list;
}

/* What rows of both kinds have. */
static json_t *row_of(const struct resource_row *row)
{
	return json_pack("{s:s, s:I, s:o, s:i, s:o, s:o, s:o}",
			 "kind", resource_kind_name(row->kind),
			 "live", (json_int_t)row->live,
			 "what", what_list(row),
			 "what_others", (int)row->others,
			 "owned_by", value_text_or_null(row->about.content),
			 "type", value_text_or_null(row->about.type),
			 "held_by", value_text_or_null(row->about.held_by));
}

static json_t *line_of(const struct resource_row *row, size_t rank)
{
	const struct candidate *c = &row->about;
	json_t *value = json_pack("{s:I, s:s, s:o, s:o, s:o, s:o, s:o, s:o}",
				  "rank", (json_int_t)rank,
				  "verdict", verdict_name(c->verdict),
				  "confidence", value_real(c->confidence),
				  "growth_per_second", value_real(c->objects_per_second),
				  "made", value_number(row->made),
				  "closed", value_number(row->closed),
				  "oldest_seconds", value_real(row->oldest_seconds),
				  "bytes", row->kind == RESOURCE_MAPPING ? value_number(row->bytes)
									 : json_null());
	json_t *where = json_pack("{s:o, s:o, s:o, s:b, s:o, s:o, s:o, s:o}",
				  "made_at",
				  value_frame_or_null(c->stored_known, &c->stored_at),
				  "made_by",
				  value_frame_or_null(c->allocated_known, &c->allocated_at),
				  "stack", value_stack(&c->stack),
				  "stack_truncated", c->stack.truncated,
				  "why_no_line", value_text_or_null(c->why_no_line),
				  "cause", value_text_or_null(c->cause),
				  "advice", value_text_or_null(c->advice),
				  "evidence", value_evidence(c));
	json_t *what = row_of(row);

	if (!value || json_object_update(value, where) || json_object_update(value, what)) {
		json_decref(value);
		value = NULL;
	}
	json_decref(where);
	json_decref(what);
	return value;
}

static json_t *unseen_of(const struct resource_row *row)
{
	json_t *value = row_of(row);

	if (json_object_set_new(value, "came_in_window", value_number(row->came))) {
		json_decref(value);
		return NULL;
	}
	return value;
}

static json_t *rows(const struct resource_rows *all, unsigned top, bool seen)
{
	size_t count = top && top < all->count ? top : all->count;
	json_t *list = json_array();

	for (size_t i = 0; list && i < count; i++) {
		json_t *one = seen ? line_of(&all->row[i], i + 1) : unseen_of(&all->row[i]);

		value_append(&list, one);
	}
	return list;
}

static json_t *threads(const struct resources *r)
{
	json_t *list = json_array();

	for (size_t i = 0; list && i < r->threads; i++) {
		const struct resource_thread *t = &r->thread[i];
		json_t *one = json_pack("{s:i, s:o, s:o, s:o, s:o, s:o}",
					"tid", t->tid,
					"name", value_text(t->name),
					"waits_in", value_text_or_null(t->waits_in),
					"at", value_frame_or_null(t->python, &t->at),
					"entry", value_frame_or_null(t->python, &t->entry),
					"held_by", value_text_or_null(t->held_by));

		value_append(&list, one);
	}
	return list;
}

static json_t *seconds_or_null(double seconds)
{
	return seconds < 0 ? json_null() : value_real(seconds);
}

static json_t *limits(const struct resources *r)
{
	return json_pack("{s:o, s:o, s:o, s:o, s:o}",
			 "descriptors", value_number(r->limits.descriptors_max),
			 "threads", value_number(r->limits.threads_max),
			 "threads_used", value_number(r->limits.threads_used),
			 "seconds_to_descriptors",
			 seconds_or_null(r->seconds_to_descriptors),
			 "seconds_to_threads", seconds_or_null(r->seconds_to_threads));
}

int resources_json(FILE *out, const struct resources *r, const struct format_options *o)
{
	json_t *root = json_pack("{s:s, s:o, s:o, s:o, s:o, s:o, s:s, s:o, s:o, s:o}",
				 "schema", SCHEMA,
				 "target", value_target(&r->look),
				 "started", value_started(&r->look),
				 "duration_seconds", value_real(r->look.duration_seconds),
				 "window_seconds", value_real(r->window_seconds),
				 "aged_seconds", value_real(r->aged_seconds),
				 "verdict", verdict_name(r->look.verdict),
				 "summary", value_text_or_null(r->look.summary),
				 "counts", counts(r),
				 "limits", limits(r));
	json_t *rest = json_pack("{s:o, s:I, s:o, s:o, s:o, s:o, s:o}",
				 "lines", rows(&r->seen, o->top, true),
				 "lines_found", (json_int_t)r->seen.count,
				 "not_seen_being_made", rows(&r->unseen, 0, false),
				 "threads", threads(r),
				 "loss", value_loss(&r->look.loss),
				 "cost", value_cost(&r->look.cost),
				 "warnings", value_warnings(&r->look));

	if (root && json_object_update(root, rest)) {
		json_decref(root);
		root = NULL;
	}
	json_decref(rest);
	return value_write(out, root);
}
