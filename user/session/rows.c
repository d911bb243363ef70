// SPDX-License-Identifier: Apache-2.0
#include "rows.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../heap/path.h"
#include "../heap/typename.h"
#include "../util/strbuf.h"
#include "../util/units.h"

#define PATH_BYTES 512

static int by_text(const void *a, const void *b)
{
	const struct census_row *x = a, *y = b;
	int order = strcmp(x->name, y->name);

	if (!order)
		order = strcmp(x->type, y->type);
	return order ? order : (x->bytes < y->bytes) - (x->bytes > y->bytes);
}

/* Rows of the same name and type become one, with the words of the largest. */
static void merge(struct census_view *v)
{
	uint32_t kept = 0;

	if (!v->count)
		return;
	qsort(v->row, v->count, sizeof(*v->row), by_text);
	for (uint32_t i = 1; i < v->count; i++) {
		struct census_row *to = &v->row[kept], *from = &v->row[i];

		if (strcmp(to->name, from->name) == 0 && strcmp(to->type, from->type) == 0) {
			to->count += from->count;
			to->bytes += from->bytes;
			to->tracked += from->tracked;
			if (to->retained_bytes != UNKNOWN && from->retained_bytes != UNKNOWN)
				to->retained_bytes += from->retained_bytes;
		} else {
			v->row[++kept] = *from;
		}
	}
	v->count = kept + 1;
}

static int add(struct census_view *v, const char *name, uint64_t objects, uint64_t bytes)
{
	struct census_row *row = census_add(v, name);

	if (!row)
		return -ENOMEM;
	row->count = (int64_t)objects;
	row->bytes = (int64_t)bytes;
	return 0;
}

int rows_types(struct census_view *v, const struct tally *t)
{
	char name[256];

	for (unsigned i = 1; i < t->counted; i++) {
		if (!t->type[i].objects)
			continue;
		typename_write(t->types, i, name, sizeof(name));
		if (add(v, name, t->type[i].objects, t->type[i].bytes))
			return -ENOMEM;
		v->row[v->count - 1].tracked = (int64_t)t->tracked[i];
	}
	merge(v);
	return 0;
}

int rows_sizes(struct census_view *v, const struct tally *t)
{
	char name[64], from[UNITS_TEXT], to[UNITS_TEXT];

	for (unsigned i = 0; i < TALLY_SIZES; i++) {
		if (!t->size[i].objects)
			continue;
		units_bytes(from, i ? (int64_t)((1ull << (i - 1)) + 1) : 0);
		units_bytes(to, (int64_t)(1ull << i));
		snprintf(name, sizeof(name), "up to %s", to);
		if (add(v, name, t->size[i].objects, t->size[i].bytes))
			return -ENOMEM;
	}
	return 0;
}

int rows_ages(struct census_view *v, const struct tally *t, const struct history *h)
{
	double last = h->total[h->walks - 1].seconds;

	for (unsigned walk = 1; walk <= h->walks; walk++) {
		char name[64], young[UNITS_TEXT], old[UNITS_TEXT];

		units_duration(young, last - h->total[walk - 1].seconds);
		if (walk == 1) {
			snprintf(name, sizeof(name), "older than %s", young);
		} else {
			units_duration(old, last - h->total[walk - 2].seconds);
			snprintf(name, sizeof(name),
				 walk == h->walks ? "younger than %s"
						  : "younger than %s, older than %s",
				 old, young);
		}
		if (add(v, name, t->birth[walk].objects, t->birth[walk].bytes))
			return -ENOMEM;
	}
	return 0;
}

void rows_content(const struct types *types, const struct held_content *content, char *buf,
		  size_t cap)
{
	struct strbuf s;

	strbuf_init(&s, buf, cap);
	for (unsigned i = 0; i < HELD_CONTENTS && content[i].objects; i++) {
		char name[256], count[UNITS_TEXT], bytes[UNITS_TEXT];

		units_count(count, (int64_t)content[i].objects);
		units_bytes(bytes, (int64_t)content[i].bytes);
		if (content[i].type == TYPE_NONE) {
			strbuf_addf(&s, "%sC memory %s", s.len ? ", " : "", bytes);
			continue;
		}
		typename_write(types, content[i].type, name, sizeof(name));
		strbuf_addf(&s, "%s%.80s x%s %s", s.len ? ", " : "", name, count, bytes);
	}
}

/* "C data of _json.so: " holds without a step that could be named. */
static void path_of(struct reach *r, uint32_t block, char *buf, size_t cap)
{
	size_t len;

	path_write(r, block, buf, cap);
	len = strlen(buf);
	while (len && (buf[len - 1] == ' ' || buf[len - 1] == ':'))
		buf[--len] = '\0';
}

static void describe(struct census_row *row, const struct held *held, struct reach *r)
{
	unsigned type = reach_type(r, held->block);

	if (type != TYPE_NONE)
		typename_write(r->types, type, row->type, sizeof(row->type));
	if (held->mostly != held->block) {
		path_of(r, held->mostly, row->mostly, sizeof(row->mostly));
		row->mostly_bytes = (int64_t)held->mostly_bytes;
		if (strcmp(row->mostly, row->name) == 0)
			row->mostly[0] = '\0';
	}
	rows_content(r->types, held->content, row->content, sizeof(row->content));
}

int rows_holders(struct census_view *v, const struct held_list *held, const struct dominators *d,
		 struct reach *r)
{
	for (unsigned i = 0; i < held->count; i++) {
		char path[PATH_BYTES];

		path_of(r, held->held[i].block, path, sizeof(path));
		if (add(v, path, held->held[i].objects, held->held[i].bytes))
			return -ENOMEM;
		describe(&v->row[v->count - 1], &held->held[i], r);
		if (d)
			v->row[v->count - 1].retained_bytes =
				(int64_t)dominators_bytes(d, held->held[i].block);
	}
	v->cut = held->count == HELD_MAX;
	merge(v);
	return 0;
}

int rows_modules(struct census_view *v, const struct held_list *held, const struct reach *r)
{
	for (size_t i = 0; i < r->roots; i++) {
		const struct root *root = &r->root[i];
		char name[116];

		if (!held->root[i].bytes)
			continue;
		snprintf(name, sizeof(name), "%s",
			 root->kind == ROOT_FRAME    ? "running frames"
			 : root->kind == ROOT_THREAD ? "data of threads"
			 : root->kind == ROOT_STACK  ? "native stacks"
						     : root->label);
		if (root->kind == ROOT_DATA)
			name[strcspn(name, ":")] = '\0';
		if (add(v, name, held->root[i].objects, held->root[i].bytes))
			return -ENOMEM;
	}
	merge(v);
	return 0;
}

static struct census_sum sum_of(const struct refcount_sum *from)
{
	return (struct census_sum){ (int64_t)from->objects, (int64_t)from->bytes };
}

void rows_nobody(struct census_nobody *nobody, const struct refcounts *found,
		 const struct types *types)
{
	*nobody = (struct census_nobody){ .looked = true,
					  .cut = found->count > CENSUS_LOST_MAX,
					  .garbage = sum_of(&found->garbage),
					  .memory = sum_of(&found->memory),
					  .unsure = sum_of(&found->torn) };
	nobody->unsure.count += (int64_t)(found->gone.objects + found->not_looked_at);
	nobody->unsure.bytes += (int64_t)found->gone.bytes;
	for (size_t i = 0; i < found->count && i < CENSUS_LOST_MAX; i++) {
		const struct refcount_row *from = &found->row[i];
		struct census_lost *to = &nobody->lost[nobody->count++];

		typename_write(types, from->type, to->type, sizeof(to->type));
		to->count = (int64_t)from->own.objects;
		to->bytes = (int64_t)from->own.bytes;
		to->sure = (int64_t)from->sure;
		to->excess = (int64_t)from->excess;
		to->held_count = (int64_t)from->held.objects;
		to->held_bytes = (int64_t)from->held.bytes;
	}
}
