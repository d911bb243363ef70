// SPDX-License-Identifier: Apache-2.0
#include "processes_json.h"

#include "json_values.h"

#define SCHEMA "pyleak.ps/1"

static json_t *row_of(const struct process_row *r)
{
	return json_pack(
		"{s:i, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:s, s:o}",
		"pid", r->pid, "comm", value_text_or_null(r->comm), "service",
		value_text_or_null(r->service), "release", value_text_or_null(r->release), "python",
		value_text_or_null(r->python), "build", value_text_or_null(r->build), "build_id",
		value_text_or_null(r->build_id), "container", value_text_or_null(r->container),
		"pod_uid", value_text_or_null(r->pod_uid), "pod", value_text_or_null(r->pod),
		"rss_bytes", value_number(r->rss_bytes), "rss_growth_bytes_per_second",
		value_real(r->rss_bytes_per_second), "threads",
		r->threads > 0 ? json_integer(r->threads) : json_null(), "visible",
		visible_name(r->visible), "why", value_text_or_null(r->why));
}

int processes_json(FILE *out, const struct processes *p, const struct format_options *o)
{
	json_t *list = json_array();

	for (size_t i = 0; list && i < p->count && !(o->top && i >= o->top); i++)
		value_append(&list, row_of(&p->row[i]));
	return value_write(out, json_pack("{s:s, s:o, s:i, s:i, s:o}", "schema", SCHEMA,
					  "interval_seconds", value_real(p->seconds), "looked_at",
					  (int)p->looked_at, "denied", (int)p->denied, "processes",
					  list));
}
