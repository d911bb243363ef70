// SPDX-License-Identifier: Apache-2.0
#include "changes_format.h"
#include "json_values.h"

#define SCHEMA "pyleak.diff/1"

static json_t *report(const struct report *r)
{
	return json_pack("{s:o, s:o, s:o, s:s}",
			 "target", value_target(r),
			 "started", value_started(r),
			 "duration_seconds", value_real(r->duration_seconds),
			 "verdict", verdict_name(r->verdict));
}

static json_t *rate(const struct candidate *c)
{
	return c ? value_real(c->bytes_per_second) : json_null();
}

static json_t *place(const struct candidate *c)
{
	if (c->stored_known || c->allocated_known)
		return value_frame(c->stored_known ? &c->stored_at : &c->allocated_at);
	return json_null();
}

static json_t *change(const struct change *c)
{
	const struct candidate *one = c->after ? c->after : c->before;

	return json_pack("{s:s, s:s, s:o, s:o, s:o, s:o, s:o, s:o}",
			 "change", change_name(c->kind),
			 "verdict", verdict_name(one->verdict),
			 "type", value_text_or_null(one->type),
			 "held_by", value_text_or_null(one->held_by),
			 "at", place(one),
			 "before_bytes_per_second", rate(c->before),
			 "after_bytes_per_second", rate(c->after),
			 "difference_bytes_per_second", value_real(c->bytes_per_second));
}

int changes_json(FILE *out, const struct changes *c, const struct format_options *o)
{
	uint32_t count = o->top && o->top < c->count ? o->top : c->count;
	json_t *list = json_array();

	for (uint32_t i = 0; list && i < count; i++)
		value_append(&list, change(&c->change[i]));
	return value_write(out, json_pack("{s:s, s:o, s:o, s:o, s:i}",
					  "schema", SCHEMA,
					  "before", report(c->before),
					  "after", report(c->after),
					  "changes", list,
					  "changes_found", (int)c->count));
}
