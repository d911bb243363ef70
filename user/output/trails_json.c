// SPDX-License-Identifier: Apache-2.0
#include "trails_json.h"

#include "json_values.h"

#define SCHEMA "pyleak.history/1"

static json_t *when(int64_t seconds)
{
	struct report r = { .started = { .tv_sec = seconds } };

	return seconds == UNKNOWN ? json_null() : value_started(&r);
}

static json_t *site(const struct finding *f)
{
	const struct frame frame = { .line = f->line };
	struct frame at = frame;

	if (!f->function[0])
		return json_null();
	snprintf(at.file, sizeof(at.file), "%s", f->file);
	snprintf(at.function, sizeof(at.function), "%s", f->function);
	return value_frame(&at);
}

static json_t *row_of(const struct trail *t)
{
	const struct finding *f = &t->finding;
	json_t *who = json_pack("{s:s, s:o, s:o, s:o, s:o, s:o}",
				"id", f->id,
				"service", value_text_or_null(f->service),
				"release", value_text_or_null(f->release),
				"container", value_text_or_null(f->container),
				"pod", value_text_or_null(f->pod),
				"python", value_text_or_null(f->python));
	json_t *what = json_pack("{s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}",
				 "verdict", verdict_name(f->verdict),
				 "confidence", value_real(f->confidence),
				 "held_by", value_text_or_null(f->holder),
				 "type", value_text_or_null(f->type),
				 "site", site(f),
				 "growth_bytes_per_second", value_real(f->bytes_per_second),
				 "most_bytes_per_second", value_real(t->most_bytes_per_second),
				 "first_seen", when(t->first_seen),
				 "last_seen", when(t->last_seen),
				 "times", value_number(t->times),
				 "processes", value_number(t->processes));

	if (!who || !what || json_object_update(who, what)) {
		json_decref(who);
		who = NULL;
	}
	json_decref(what);
	return who;
}

int trails_json(FILE *out, const struct trails *t, const struct format_options *o)
{
	json_t *list = json_array();

	for (size_t i = 0; list && i < t->count && !(o->top && i >= o->top); i++) {
		if (json_array_append_new(list, row_of(&t->trail[i]))) {
			json_decref(list);
			list = NULL;
		}
	}
	return value_write(out, json_pack("{s:s, s:o, s:o, s:o, s:o}",
					  "schema", SCHEMA,
					  "history", value_text(t->path),
					  "since_seconds", value_real(t->since_seconds),
					  "oldest", when(t->oldest),
					  "findings", list));
}
