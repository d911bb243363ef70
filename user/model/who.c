// SPDX-License-Identifier: Apache-2.0
#include "who.h"

#include <stdlib.h>
#include <string.h>

#include "../util/grow.h"

static void *add(void *rows, uint32_t *count, uint32_t *cap, size_t size)
{
	size_t room = *cap;
	char **at = rows, *row;

	if (grow(at, &room, (size_t)*count + 1, size))
		return NULL;
	*cap = (uint32_t)room;
	row = *at + size * (*count)++;
	memset(row, 0, size);
	return row;
}

struct who_path *who_add_path(struct who *w)
{
	return add(&w->path, &w->paths, &w->path_cap, sizeof(*w->path));
}

struct who_referrer *who_add_referrer(struct who *w)
{
	return add(&w->referrer, &w->referrers, &w->referrer_cap, sizeof(*w->referrer));
}

static int descending(int64_t a, int64_t b)
{
	return (a < b) - (a > b);
}

static int path_text(const void *a, const void *b)
{
	const struct who_path *x = a, *y = b;
	int order = strcmp(x->path, y->path);

	if (!order)
		order = strcmp(x->holder, y->holder);
	return order ? order : descending(x->objects, y->objects);
}

static int path_weight(const void *a, const void *b)
{
	const struct who_path *x = a, *y = b;
	int order = descending(x->objects, y->objects);

	if (!order)
		order = descending(x->references, y->references);
	return order ? order : path_text(a, b);
}

static int referrer_text(const void *a, const void *b)
{
	const struct who_referrer *x = a, *y = b;
	int order = strcmp(x->type, y->type);

	return order ? order : strcmp(x->slot, y->slot);
}

static int referrer_weight(const void *a, const void *b)
{
	const struct who_referrer *x = a, *y = b;
	int order = descending(x->references, y->references);

	return order ? order : referrer_text(a, b);
}

static void merge_paths(struct who *w)
{
	uint32_t kept = 0;

	qsort(w->path, w->paths, sizeof(*w->path), path_text);
	for (uint32_t i = 1; i < w->paths; i++) {
		struct who_path *to = &w->path[kept], *from = &w->path[i];

		if (strcmp(to->path, from->path) == 0 && strcmp(to->holder, from->holder) == 0) {
			to->references += from->references;
			to->objects += from->objects;
			to->retained_bytes += from->retained_bytes;
		} else {
			w->path[++kept] = *from;
		}
	}
	w->paths = kept + 1;
	qsort(w->path, w->paths, sizeof(*w->path), path_weight);
}

static void merge_referrers(struct who *w)
{
	uint32_t kept = 0;

	qsort(w->referrer, w->referrers, sizeof(*w->referrer), referrer_text);
	for (uint32_t i = 1; i < w->referrers; i++) {
		struct who_referrer *to = &w->referrer[kept], *from = &w->referrer[i];

		if (referrer_text(to, from) == 0) {
			to->references += from->references;
			to->holders += from->holders;
		} else {
			w->referrer[++kept] = *from;
		}
	}
	w->referrers = kept + 1;
	qsort(w->referrer, w->referrers, sizeof(*w->referrer), referrer_weight);
}

void who_merge(struct who *w)
{
	if (w->paths)
		merge_paths(w);
	if (w->referrers)
		merge_referrers(w);
}

void who_release(struct who *w)
{
	free(w->path);
	free(w->referrer);
	report_release(&w->about);
	*w = (struct who){ 0 };
}
