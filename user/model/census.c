// SPDX-License-Identifier: Apache-2.0
#include "census.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../util/grow.h"

const char *census_by_name(enum census_by by)
{
	static const char *const names[] = {
		[CENSUS_TYPE] = "type",	    [CENSUS_HOLDER] = "holder",
		[CENSUS_SIZE] = "size",	    [CENSUS_MODULE] = "module",
		[CENSUS_AGE] = "age",
	};

	return by < CENSUS_VIEWS ? names[by] : "";
}

struct census_row *census_add(struct census_view *v, const char *name)
{
	size_t cap = v->cap;
	struct census_row *row;

	if (grow(&v->row, &cap, (size_t)v->count + 1, sizeof(*v->row)))
		return NULL;
	v->cap = (uint32_t)cap;
	row = &v->row[v->count++];
	memset(row, 0, sizeof(*row));
	snprintf(row->name, sizeof(row->name), "%s", name);
	row->growth_objects = row->growth_bytes = row->retained_bytes = UNKNOWN;
	return row;
}

static int same(const struct census_row *a, const struct census_row *b)
{
	int order = strcmp(a->name, b->name);

	return order ? order : strcmp(a->type, b->type);
}

static int by_name(const void *a, const void *b)
{
	return same(a, b);
}

/* A row of the census before that no row of now is like. */
static int add_gone(struct census_view *now, const struct census_row *was)
{
	struct census_row *gone;

	if (now->cut)
		return 0;
	gone = census_add(now, was->name);
	if (!gone)
		return -ENOMEM;
	snprintf(gone->type, sizeof(gone->type), "%s", was->type);
	gone->growth_objects = -was->count;
	gone->growth_bytes = -was->bytes;
	return 0;
}

static void set_growth(struct census_row *row, const struct census_row *was)
{
	row->growth_objects = row->count - was->count;
	row->growth_bytes = row->bytes - was->bytes;
}

int census_diff(struct census_view *now, struct census_view *before)
{
	static const struct census_row nothing;
	uint32_t count = now->count, at = 0;

	if (count)
		qsort(now->row, count, sizeof(*now->row), by_name);
	if (before->count)
		qsort(before->row, before->count, sizeof(*before->row), by_name);
	for (uint32_t i = 0; i < count; i++) {
		for (; at < before->count && same(&before->row[at], &now->row[i]) < 0; at++)
			if (add_gone(now, &before->row[at]))
				return -ENOMEM;
		if (at < before->count && same(&before->row[at], &now->row[i]) == 0)
			set_growth(&now->row[i], &before->row[at++]);
		else if (!before->cut)
			set_growth(&now->row[i], &nothing);
	}
	for (; at < before->count; at++)
		if (add_gone(now, &before->row[at]))
			return -ENOMEM;
	return 0;
}

static int descending(int64_t a, int64_t b)
{
	return (a < b) - (a > b);
}

static int by_bytes(const void *a, const void *b)
{
	const struct census_row *x = a, *y = b;
	int order = descending(x->bytes, y->bytes);

	return order ? order : same(x, y);
}

/* What is unknown stands behind what grew, in front of what shrank. */
static int by_growth(const void *a, const void *b)
{
	const struct census_row *x = a, *y = b;
	int order = descending(x->growth_bytes == UNKNOWN ? 0 : x->growth_bytes,
			       y->growth_bytes == UNKNOWN ? 0 : y->growth_bytes);

	return order ? order : by_bytes(a, b);
}

void census_sort(struct census_view *v, bool growth)
{
	if (v->count)
		qsort(v->row, v->count, sizeof(*v->row), growth ? by_growth : by_bytes);
}

void census_view_release(struct census_view *v)
{
	free(v->row);
	*v = (struct census_view){ 0 };
}

void census_release(struct census *c)
{
	for (int i = 0; i < CENSUS_VIEWS; i++)
		census_view_release(&c->view[i]);
	report_release(&c->about);
}
