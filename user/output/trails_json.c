// SPDX-License-Identifier: Apache-2.0
#include "trails_json.h"

#include "json_values.h"

#define SCHEMA "pyleak.history/1"

static json_t *when(int64_t seconds)
{
	struct report r = { .started = { .tv_sec = seconds } };

	return seconds == UNKNOWN ? json_null() : value_started(&r);
}

static json_t *site(const char *file, int line, const char *function)
{
	struct frame at = { .line = line };

	if (!function[0])
		return json_null();
	snprintf(at.file, sizeof(at.file), "%s", file);
	snprintf(at.function, sizeof(at.function), "%s", function);
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
	json_t *what = json_pack("{s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}",
				 "verdict", verdict_name(f->verdict),
				 "confidence", value_real(f->confidence),
				 "held_by", value_text_or_null(f->holder),
				 "type", value_text_or_null(f->type),
				 "site", site(f->file, f->line, f->function),
				 "growth_bytes_per_second", value_real(f->bytes_per_second),
				 "most_bytes_per_second", value_real(t->most_bytes_per_second),
				 "grows_since", when(t->grows_since),
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

static json_t *pauses_of(const struct pause_trail *p)
{
	return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}",
			 "service", value_text_or_null(p->service),
			 "release", value_text_or_null(p->release),
			 "looks", value_number(p->times),
			 "watched_seconds", value_real(p->seconds),
			 "count", value_number((int64_t)p->count),
			 "total_ns", value_number((int64_t)p->total_ns),
			 "max_ns", value_number((int64_t)p->max_ns),
			 "longest_at", site(p->file, p->line, p->function));
}

static json_t *all_pauses(const struct trails *t, const struct format_options *o)
{
	json_t *list = json_array();

	for (size_t i = 0; list && i < t->pause_count && !(o->top && i >= o->top); i++)
		value_append(&list, pauses_of(&t->pauses[i]));
	return list;
}

/* What is not the same in all of a group is null. */
static json_t *group_of(const struct trail_group *g, enum trails_by by)
{
	const struct finding *f = &g->fastest->finding, *first = &g->first->finding;
	bool by_site = by == TRAILS_BY_SITE, by_release = by == TRAILS_BY_RELEASE;

	return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}",
			 "service", by_site ? json_null() : value_text_or_null(f->service),
			 "release", by_release ? value_text_or_null(f->release) : json_null(),
			 "site", site(f->file, f->line, f->function),
			 "held_by", value_text_or_null(f->holder),
			 "in", value_text_or_null(g->in),
			 "findings", value_number(g->findings),
			 "processes", value_number(g->processes),
			 "growth_bytes_per_second", value_real(g->bytes_per_second),
			 "grows_since", when(g->grows_since),
			 "first_seen", when(g->first->first_seen),
			 "first_in", json_pack("{s:o, s:o}",
					       "service", value_text_or_null(first->service),
					       "release", value_text_or_null(first->release)),
			 "last_seen", when(g->last_seen));
}

/* Null where none were asked for. */
static json_t *all_groups(const struct trails *t, const struct format_options *o)
{
	json_t *list = t->by ? json_array() : json_null();

	for (size_t i = 0; list && i < t->group_count && !(o->top && i >= o->top); i++)
		value_append(&list, group_of(&t->group[i], t->by));
	return list;
}

int trails_json(FILE *out, const struct trails *t, const struct format_options *o)
{
	json_t *list = json_array();

	for (size_t i = 0; list && i < t->count && !(o->top && i >= o->top); i++)
		value_append(&list, row_of(&t->trail[i]));
	return value_write(out, json_pack("{s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o}",
					  "schema", SCHEMA,
					  "history", value_text(t->path),
					  "since_seconds", value_real(t->since_seconds),
					  "oldest", when(t->oldest),
					  "by", value_text_or_null(trails_by_name(t->by)),
					  "groups", all_groups(t, o),
					  "findings", list,
					  "collections", all_pauses(t, o)));
}
