// SPDX-License-Identifier: Apache-2.0
#include "census_json.h"

#include "json_values.h"

#define SCHEMA "pyleak.heap/1"

static json_t *row_of(const struct census_row *row, enum census_by by)
{
	json_t *value = json_pack("{s:o, s:o, s:o, s:o}",
				  "count", value_number(row->count),
				  "bytes", value_number(row->bytes),
				  "growth_objects", value_number(row->growth_objects),
				  "growth_bytes", value_number(row->growth_bytes));
	json_t *words;

	if (by == CENSUS_TYPE)
		words = json_pack("{s:o, s:o}", "type", value_text(row->name),
				  "tracked", value_number(row->tracked));
	else if (by == CENSUS_HOLDER)
		words = json_pack("{s:o, s:o, s:o, s:o, s:o, s:o}",
				  "held_by", value_text(row->name),
				  "retained_bytes", value_number(row->retained_bytes),
				  "type", value_text_or_null(row->type),
				  "mostly_in", value_text_or_null(row->mostly),
				  "mostly_bytes",
				  row->mostly[0] ? value_number(row->mostly_bytes) : json_null(),
				  "content", value_text_or_null(row->content));
	else
		words = json_pack("{s:o}", census_by_name(by), value_text(row->name));
	if (!value || !words || json_object_update(words, value)) {
		json_decref(words);
		words = NULL;
	}
	json_decref(value);
	return words;
}

/* null where it was not asked for. */
static json_t *view(const struct census *c, enum census_by by, unsigned top)
{
	const struct census_view *v = &c->view[by];
	uint32_t count = top && top < v->count ? top : v->count;
	json_t *list = v->row ? json_array() : json_null();

	for (uint32_t i = 0; list && v->row && i < count; i++)
		value_append(&list, row_of(&v->row[i], by));
	return list;
}

static json_t *sum(const struct census_sum *s)
{
	return json_pack("{s:o, s:o}", "count", value_number(s->count),
			 "bytes", value_number(s->bytes));
}

static json_t *lost(const struct census_lost *l)
{
	return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o}",
			 "type", value_text(l->type),
			 "count", value_number(l->count),
			 "bytes", value_number(l->bytes),
			 "sure", value_number(l->sure),
			 "excess_references", value_number(l->excess),
			 "held_count", value_number(l->held_count),
			 "held_bytes", value_number(l->held_bytes));
}

/* null where nobody looked. */
static json_t *nobody(const struct census_nobody *n)
{
	json_t *list = n->looked ? json_array() : NULL;

	if (!n->looked)
		return json_null();
	for (uint32_t i = 0; list && i < n->count; i++)
		value_append(&list, lost(&n->lost[i]));
	return json_pack("{s:o, s:o, s:o, s:o}",
			 "refcount", list,
			 "garbage", sum(&n->garbage),
			 "held_by_memory", sum(&n->memory),
			 "unsure", sum(&n->unsure));
}

int census_json(FILE *out, const struct census *c, const struct format_options *o)
{
	const struct report *r = &c->about;
	json_t *root, *apart;

	apart = json_pack("{s:o, s:o, s:o, s:o, s:o}",
			  "interned", sum(&c->interned),
			  "immortal", sum(&c->immortal),
			  "kept_free", sum(&c->kept),
			  "unreached", sum(&c->unreached),
			  "memory", sum(&c->raw));
	root = json_pack("{s:s, s:o, s:o, s:o, s:o, s:o, s:{s:o, s:o}, s:o, s:o, s:o}",
			 "schema", SCHEMA,
			 "target", value_target(r),
			 "started", value_started(r),
			 "duration_seconds", value_real(r->duration_seconds),
			 "diff_seconds",
			 c->diff_seconds > 0 ? value_real(c->diff_seconds) : json_null(),
			 "summary", value_text_or_null(r->summary),
			 "footprint",
			 "before", value_footprint(&r->before),
			 "after", value_footprint(&r->after),
			 "objects", sum(&c->all),
			 "apart", apart,
			 "warnings", value_warnings(r));
	if (root) {
		json_t *views = json_pack("{s:o, s:b, s:o, s:o, s:o, s:o, s:o, s:I, s:I, s:o, s:o}",
					  "nobody", nobody(&c->nobody),
					  "retained_at_most", c->retained_at_most,
					  "types", view(c, CENSUS_TYPE, o->top),
					  "holders", view(c, CENSUS_HOLDER, o->top),
					  "sizes", view(c, CENSUS_SIZE, 0),
					  "modules", view(c, CENSUS_MODULE, o->top),
					  "ages", view(c, CENSUS_AGE, 0),
					  "types_found", (json_int_t)c->view[CENSUS_TYPE].count,
					  "holders_found", (json_int_t)c->view[CENSUS_HOLDER].count,
					  "loss", value_loss(&r->loss),
					  "cost", value_cost(&r->cost));

		if (!views || json_object_update(root, views)) {
			json_decref(root);
			root = NULL;
		}
		json_decref(views);
	}
	return value_write(out, root);
}
