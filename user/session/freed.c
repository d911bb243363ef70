// SPDX-License-Identifier: Apache-2.0
#include "freed.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../util/grow.h"

#define TYPES_MAX 4096

void freed_init(struct freed *f, void (*name)(void *arg, uint64_t type, char *buf, size_t cap),
		void *arg)
{
	*f = (struct freed){ .name = name, .arg = arg };
}

void freed_release(struct freed *f)
{
	free(f->type);
	f->type = NULL;
	f->types = 0;
}

/* A type's name is read when it is first seen: a class may be gone later. */
static struct freed_type *find_type(struct freed *f, uint64_t address)
{
	struct freed_type *type;

	for (size_t i = 0; i < f->types; i++)
		if (f->type[i].address == address)
			return &f->type[i];
	if (f->types == TYPES_MAX || grow(&f->type, &f->room, f->types + 1, sizeof(*f->type))) {
		f->out_of_memory = true;
		return NULL;
	}
	type = &f->type[f->types++];
	*type = (struct freed_type){ .address = address };
	f->name(f->arg, address, type->name, sizeof(type->name));
	return type;
}

static int by_address(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

/* One list of one collection: what was gone of it, type by type. */
static void take_list(struct freed *f, const uint64_t *type, uint32_t gone, double weight)
{
	uint64_t sorted[GC_SAMPLE_LIST];
	uint32_t same;

	memcpy(sorted, type, gone * sizeof(sorted[0]));
	qsort(sorted, gone, sizeof(sorted[0]), by_address);
	f->lists++;
	f->w += weight;
	f->ww += weight * weight;
	for (uint32_t i = 0; i < gone; i += same) {
		struct freed_type *t = find_type(f, sorted[i]);
		double part;

		for (same = 1; i + same < gone && sorted[i + same] == sorted[i]; same++)
			;
		if (!t)
			continue;
		part = (double)same / gone;
		t->gone += same;
		t->wp += weight * part;
		t->wwp += weight * weight * part;
		t->wwpp += weight * weight * part * part;
	}
}

/*
 * What a collection freed comes from the youngest list as far as the part of it that was gone
 * says; the rest from the middle one, and in full collections from the oldest too, which is not
 * looked at.
 */
void freed_take(struct freed *f, const struct gc_sample_event *event)
{
	double left = event->collected > 0 ? (double)event->collected : 0;

	f->samples++;
	for (uint32_t list = 0; list < GC_SAMPLE_LISTS; list++) {
		uint64_t type[GC_SAMPLE_LIST];
		uint32_t gone = 0, count = event->count[list];
		double weight = left;

		for (uint32_t i = 0; i < count; i++) {
			uint64_t each = event->type[list * GC_SAMPLE_LIST + i];

			if (each & 1)
				type[gone++] = each & ~1ULL;
		}
		f->objects += count;
		f->gone += gone;
		if (!list && event->generation && count)
			weight = fmin(left, (double)event->young * gone / count);
		if (list && event->generation > list)
			weight = fmin(left, (double)gone); /* of an unknown length: at least */
		if (!gone || weight <= 0)
			continue;
		take_list(f, type, gone, weight);
		left -= weight;
	}
	if (event->generation)
		f->older += left;
}

static struct pause_freed_type share_of(const struct freed *f, const struct freed_type *t)
{
	struct pause_freed_type out = { .share = t->wp / f->w, .plus_minus = -1, .gone = t->gone };
	double n = (double)f->lists, square;

	memcpy(out.type, t->name, sizeof(out.type));
	if (f->lists < 2)
		return out;
	square = t->wwpp - 2 * out.share * t->wwp + out.share * out.share * f->ww;
	out.plus_minus = 2 * sqrt(fmax(square, 0) * n / (n - 1)) / f->w;
	return out;
}

static int by_share(const void *a, const void *b)
{
	double x = ((const struct freed_type *)a)->wp, y = ((const struct freed_type *)b)->wp;

	return x < y ? 1 : x > y ? -1 : 0;
}

void freed_sum(const struct freed *f, struct pause_freed *out)
{
	double all = f->w + f->older, scale;

	*out = (struct pause_freed){
		.samples = f->samples, .objects = f->objects, .gone = f->gone
	};
	if (f->w <= 0)
		return;
	scale = f->w / all;
	out->older = f->older / all;
	qsort(f->type, f->types, sizeof(*f->type), by_share);
	for (size_t i = 0; i < f->types; i++) {
		struct pause_freed_type each = share_of(f, &f->type[i]);

		each.share *= scale;
		each.plus_minus *= scale;
		if (out->types == PAUSE_FREED_TYPES)
			out->rest += each.share;
		else
			out->type[out->types++] = each;
	}
}
