// SPDX-License-Identifier: Apache-2.0
#include "exact_lines.h"

#include <errno.h>
#include <stdlib.h>

#include "../../bpf/abi.h"

#define NO_FRAME UINT32_MAX

struct line {
	uint32_t at; /* index into alloc_sites.frame, or NO_FRAME */
	int64_t alloc_bytes, alloc_objects, inuse_bytes, inuse_objects;
	double share;
};

static int by_frame(const void *a, const void *b)
{
	const struct line *x = a, *y = b;

	return (x->at > y->at) - (x->at < y->at);
}

static int by_share(const void *a, const void *b)
{
	const struct line *x = a, *y = b;

	if (x->share != y->share)
		return x->share < y->share ? 1 : -1;
	return by_frame(a, b);
}

static void add(struct line *to, const struct line *from)
{
	to->alloc_bytes += from->alloc_bytes;
	to->alloc_objects += from->alloc_objects;
	to->inuse_bytes += from->inuse_bytes;
	to->inuse_objects += from->inuse_objects;
}

static bool counts(const struct alloc_site *site, enum lines_of of)
{
	switch (site->source) {
	case ACCOUNT_PYMALLOC:
		return of == LINES_OF_ALL && site->alloc_objects > 0;
	case ACCOUNT_INLINED:
		return of == LINES_OF_INLINED && site->alloc_objects > 0;
	case ACCOUNT_POOL:
		return false;
	}
	return site->alloc_objects > 0;
}

/* Of the inlined allocator's larger blocks malloc is asked, and knows the size of those alone. */
static struct line line_of(const struct alloc_site *site, enum lines_of of)
{
	bool native = of == LINES_OF_INLINED && site->source != ACCOUNT_INLINED;

	return (struct line){
		.at = site->depth ? site->at[0] : NO_FRAME,
		.alloc_bytes = site->alloc_bytes,
		.alloc_objects = native ? 0 : site->alloc_objects,
		.inuse_bytes = site->inuse_bytes,
		.inuse_objects = site->inuse_objects,
	};
}

/* One entry each for the lines of those sites that count, into @line; how many. */
static size_t merge(struct line *line, const struct alloc_sites *all, enum lines_of of)
{
	size_t count = 0, kept = 0;

	for (size_t i = 0; i < all->count; i++) {
		if (counts(&all->site[i], of))
			line[count++] = line_of(&all->site[i], of);
	}
	qsort(line, count, sizeof(*line), by_frame);
	for (size_t i = 0; i < count; i++) {
		if (kept && line[kept - 1].at == line[i].at)
			add(&line[kept - 1], &line[i]);
		else
			line[kept++] = line[i];
	}
	return kept;
}

static double share_of(int64_t part, int64_t whole)
{
	return whole > 0 ? (double)part / (double)whole : 0;
}

static void order(struct line *line, size_t count)
{
	struct line sum = { 0 };

	for (size_t i = 0; i < count; i++)
		add(&sum, &line[i]);
	for (size_t i = 0; i < count; i++) {
		double bytes = share_of(line[i].alloc_bytes, sum.alloc_bytes);
		double objects = share_of(line[i].alloc_objects, sum.alloc_objects);

		line[i].share = bytes > objects ? bytes : objects;
	}
	qsort(line, count, sizeof(*line), by_share);
}

int exact_lines(struct report *r, const struct alloc_sites *all, enum lines_of of)
{
	struct line *line = calloc(all->count + 1, sizeof(*line));
	size_t count;

	r->lines = calloc(EXACT_LINES_MAX, sizeof(*r->lines));
	if (!line || !r->lines) {
		free(line);
		return -ENOMEM;
	}
	count = merge(line, all, of);
	order(line, count);
	for (size_t i = 0; i < count && i < EXACT_LINES_MAX; i++) {
		struct allocating_line *into = &r->lines[r->line_count++];

		if (line[i].at != NO_FRAME)
			into->at = all->frame[line[i].at];
		into->bytes_per_second = (double)line[i].alloc_bytes / r->duration_seconds;
		into->objects_per_second = (double)line[i].alloc_objects / r->duration_seconds;
		into->inuse_bytes = of == LINES_OF_INLINED ? UNKNOWN : line[i].inuse_bytes;
		into->inuse_objects = of == LINES_OF_INLINED ? UNKNOWN : line[i].inuse_objects;
	}
	r->lines_of = of;
	free(line);
	return 0;
}
