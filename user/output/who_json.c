// SPDX-License-Identifier: Apache-2.0
#include "who_json.h"

#include "json_values.h"

#define SCHEMA "pyleak.who/1"

static json_t *steps(const struct who_path *p)
{
	json_t *list = json_array();

	for (unsigned i = 0; list && i < p->steps; i++) {
		json_t *step = json_pack("{s:o, s:o}", "label", value_text(p->step[i].label),
					 "type", value_text_or_null(p->step[i].type));

		value_append(&list, step);
	}
	return list;
}

static json_t *path(const struct who_path *p)
{
	return json_pack("{s:o, s:o, s:b, s:o, s:o, s:o, s:o, s:o}",
			 "path", value_text(p->path),
			 "holder", value_text_or_null(p->holder),
			 "reached", p->reached,
			 "references", value_number(p->references),
			 "objects", value_number(p->objects),
			 "retained_bytes", value_number(p->retained_bytes),
			 "example", value_text_or_null(p->example),
			 "steps", steps(p));
}

static json_t *referrer(const struct who_referrer *r)
{
	return json_pack("{s:o, s:o, s:o, s:o}",
			 "type", value_text_or_null(r->type),
			 "slot", value_text(r->slot),
			 "references", value_number(r->references),
			 "holders", value_number(r->holders));
}

static json_t *paths(const struct who *w, unsigned top)
{
	json_t *list = json_array();

	for (uint32_t i = 0; list && i < w->paths && (!top || i < top); i++)
		value_append(&list, path(&w->path[i]));
	return list;
}

static json_t *referrers(const struct who *w, unsigned top)
{
	json_t *list = json_array();

	for (uint32_t i = 0; list && i < w->referrers && (!top || i < top); i++)
		value_append(&list, referrer(&w->referrer[i]));
	return list;
}

/* A string, because not every reader of JSON takes 64 bits. */
static json_t *address(uint64_t at)
{
	return at ? json_sprintf("0x%llx", (unsigned long long)at) : json_null();
}

int who_json(FILE *out, const struct who *w, const struct format_options *o)
{
	const struct report *r = &w->about;
	json_t *counts, *root;

	counts = json_pack("{s:o, s:o, s:o, s:o, s:o}",
			   "least", value_number(w->refcount_least),
			   "most", value_number(w->refcount_most),
			   "sum", value_number(w->refcount_sum),
			   "references_found", value_number(w->references),
			   "memory_words", value_number(w->memory_words));
	root = json_pack("{s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:b, s:o, s:o, s:o, s:o,"
			 " s:I, s:o, s:o, s:o, s:o}",
			 "schema", SCHEMA,
			 "target", value_target(r),
			 "started", value_started(r),
			 "duration_seconds", value_real(r->duration_seconds),
			 "type", value_text(w->type),
			 "address", address(w->address),
			 "count", value_number(w->count),
			 "bytes", value_number(w->bytes),
			 "retained_bytes", value_number(w->retained_bytes),
			 "retained_at_most", w->retained_at_most,
			 "refcount", counts,
			 "unreached", value_number(w->unreached),
			 "paths", paths(w, o->top),
			 "referrers", referrers(w, o->top),
			 "paths_found", (json_int_t)w->paths,
			 "references_left_out", value_number(w->references_left_out),
			 "warnings", value_warnings(r),
			 "loss", value_loss(&r->loss),
			 "cost", value_cost(&r->cost));
	return value_write(out, root);
}
