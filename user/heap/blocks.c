// SPDX-License-Identifier: Apache-2.0
#include "blocks.h"

#include <errno.h>
#include <stdlib.h>

#include "../util/grow.h"
#include "../util/pages.h"

#define GRANULE_SHIFT 16
#define LARGE_GRANULES 1024 /* an extent over more of them, 64 MiB, is kept out of the hash */

void blocks_release(struct blocks *b)
{
	pages_free(&b->extent, &b->extent_cap, sizeof(*b->extent));
	pages_free(&b->print, &b->print_cap, sizeof(*b->print));
	pages_free(&b->birth, &b->birth_cap, sizeof(*b->birth));
	pages_free(&b->type, &b->type_cap, sizeof(*b->type));
	pages_free(&b->by_block, &b->by_block_cap, sizeof(*b->by_block));
	pages_free(&b->sized, &b->sized_cap, sizeof(*b->sized));
	free(b->granule);
	free(b->large);
	*b = (struct blocks){ 0 };
}

int blocks_add(struct blocks *b, uint64_t addr, uint64_t size, unsigned count,
	       enum extent_kind kind, uint32_t *first)
{
	uint32_t need = b->count + count;

	if (need > BLOCKS_MAX)
		return -E2BIG;
	if (pages_grow(&b->extent, &b->extent_cap, b->extents + 1, sizeof(*b->extent)) ||
	    pages_grow(&b->print, &b->print_cap, need, sizeof(*b->print)) ||
	    pages_grow(&b->birth, &b->birth_cap, need, sizeof(*b->birth)) ||
	    pages_grow(&b->type, &b->type_cap, need, sizeof(*b->type)))
		return -ENOMEM;
	b->extent[b->extents++] = (struct extent){ .addr = addr,
						   .size = size,
						   .first = b->count,
						   .count = (uint16_t)count,
						   .kind = (uint16_t)kind };
	*first = b->count; /* what is new on pages is zero: free */
	b->count = need;
	return 0;
}

int blocks_set_size(struct blocks *b, uint32_t block, uint64_t size)
{
	uint16_t low = size < SIZE_LISTED ? (uint16_t)size : SIZE_LISTED;

	b->print[block] = (uint16_t)((b->print[block] & PRINT_HASH) | low);
	b->birth[block] |= BIRTH_SIZED;
	if (size < SIZE_LISTED)
		return 0;
	if (pages_grow(&b->sized, &b->sized_cap, b->sizeds + 1, sizeof(*b->sized))) {
		b->birth[block] &= (uint8_t)~BIRTH_SIZED;
		return -ENOMEM;
	}
	b->sized[b->sizeds++] =
		(struct sized){ block, size > UINT32_MAX ? UINT32_MAX : (uint32_t)size };
	return 0;
}

void blocks_forget(struct blocks *b, size_t extent, size_t sized)
{
	size_t block = extent < b->extents ? b->extent[extent].first : b->count;

	pages_forget(b->extent, extent * sizeof(*b->extent));
	pages_forget(b->print, block * sizeof(*b->print));
	pages_forget(b->birth, block * sizeof(*b->birth));
	pages_forget(b->type, block * sizeof(*b->type));
	if (b->sized)
		pages_forget(b->sized, sized * sizeof(*b->sized));
}

static size_t granule_hash(const struct blocks *b, uint64_t number)
{
	return (size_t)(number * 0x9E3779B97F4A7C15ull >> 24) & (b->granules - 1);
}

static struct granule *granule_at(const struct blocks *b, uint64_t number)
{
	size_t h = granule_hash(b, number);

	while (b->granule[h].number && b->granule[h].number != number)
		h = (h + 1) & (b->granules - 1);
	return &b->granule[h];
}

static uint64_t extent_end(const struct extent *x)
{
	return x->addr + x->size * x->count;
}

static uint64_t first_granule(const struct extent *x)
{
	return x->addr >> GRANULE_SHIFT;
}

static uint64_t last_granule(const struct extent *x)
{
	return (extent_end(x) - 1) >> GRANULE_SHIFT;
}

static bool is_large(const struct extent *x)
{
	return last_granule(x) - first_granule(x) > LARGE_GRANULES;
}

/* How many granules the hash will hold; large extents are listed instead. */
static int count_granules(struct blocks *b, size_t *used)
{
	uint64_t next = 0; /* the first one not counted yet: neighbours share granules */
	size_t cap = 0;

	*used = 0;
	for (size_t i = 0; i < b->extents; i++) {
		uint64_t from = first_granule(&b->extent[i]);
		uint64_t end = last_granule(&b->extent[i]) + 1;

		if (is_large(&b->extent[i])) {
			if (grow(&b->large, &cap, b->larges + 1, sizeof(*b->large)))
				return -ENOMEM;
			b->large[b->larges++] = (uint32_t)i;
			continue;
		}
		*used += end - (from > next ? from : next < end ? next : end);
		next = end;
	}
	return 0;
}

/* The extent of every BLOCKS_INDEXED-th block, and the last one behind them. */
static int index_by_block(struct blocks *b)
{
	size_t entries = (size_t)b->count / BLOCKS_INDEXED + 2, extent = 0;

	if (pages_grow(&b->by_block, &b->by_block_cap, entries, sizeof(*b->by_block)))
		return -ENOMEM;
	for (size_t i = 0; i < entries; i++) {
		while (extent + 1 < b->extents &&
		       b->extent[extent + 1].first <= i * BLOCKS_INDEXED)
			extent++;
		b->by_block[i] = (uint32_t)extent;
	}
	return 0;
}

/*
 * A hash from each 64 KiB of address space in use to the extents that reach into it: address space
 * is sparse, and a lookup must not pay for bisecting a million chunks.
 */
int blocks_index(struct blocks *b)
{
	size_t used;

	if (count_granules(b, &used))
		return -ENOMEM;
	for (b->granules = 1024; b->granules < used * 2; b->granules *= 2)
		;
	free(b->granule);
	b->granule = calloc(b->granules, sizeof(*b->granule));
	if (!b->granule)
		return -ENOMEM;
	for (size_t i = 0; i < b->extents; i++) {
		uint64_t last = last_granule(&b->extent[i]) + 1;

		if (is_large(&b->extent[i]))
			continue;
		for (uint64_t n = first_granule(&b->extent[i]) + 1; n <= last; n++) {
			struct granule *g = granule_at(b, n);

			if (!g->number)
				*g = (struct granule){ n, (uint32_t)i, (uint32_t)i };
			g->last = (uint32_t)i;
		}
	}
	return index_by_block(b);
}

/* The extent that holds @addr among those numbered [@lo, @hi), or NULL. */
static const struct extent *bisect(const struct blocks *b, uint64_t addr, size_t lo, size_t hi)
{
	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		const struct extent *x = &b->extent[mid];

		if (addr < x->addr)
			hi = mid;
		else if (addr >= extent_end(x))
			lo = mid + 1;
		else
			return x;
	}
	return NULL;
}

static const struct extent *bisect_large(const struct blocks *b, uint64_t addr)
{
	size_t lo = 0, hi = b->larges;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		const struct extent *x = &b->extent[b->large[mid]];

		if (addr < x->addr)
			hi = mid;
		else if (addr >= extent_end(x))
			lo = mid + 1;
		else
			return x;
	}
	return NULL;
}

uint32_t blocks_find(const struct blocks *b, uint64_t addr, uint64_t *start, uint64_t *size)
{
	const struct granule *g = granule_at(b, (addr >> GRANULE_SHIFT) + 1);
	const struct extent *x = g->number ? bisect(b, addr, g->first, (size_t)g->last + 1) : NULL;
	uint32_t i;

	if (!x && b->larges)
		x = bisect_large(b, addr);
	if (!x)
		return BLOCK_NONE;
	i = (uint32_t)((addr - x->addr) / x->size);
	if (start)
		*start = x->addr + i * x->size;
	if (size)
		*size = x->size;
	return x->first + i;
}

uint64_t blocks_addr(const struct blocks *b, uint32_t block, uint64_t *size, enum extent_kind *kind)
{
	size_t lo = b->by_block[block / BLOCKS_INDEXED];
	size_t hi = b->by_block[block / BLOCKS_INDEXED + 1] + 1ull;
	const struct extent *x;

	while (hi - lo > 1) {
		size_t mid = lo + (hi - lo) / 2;

		if (block < b->extent[mid].first)
			hi = mid;
		else
			lo = mid;
	}
	x = &b->extent[lo];
	if (size)
		*size = x->size;
	if (kind)
		*kind = (enum extent_kind)x->kind;
	return x->addr + (block - x->first) * x->size;
}

bool blocks_size(const struct blocks *b, uint32_t block, uint32_t *size)
{
	size_t lo = 0, hi = b->sizeds;

	if (block >= b->count || !(b->birth[block] & BIRTH_SIZED))
		return false;
	*size = b->print[block] & PRINT_SIZE;
	if (*size < SIZE_LISTED)
		return true;
	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (block < b->sized[mid].block) {
			hi = mid;
		} else if (block > b->sized[mid].block) {
			lo = mid + 1;
		} else {
			*size = b->sized[mid].size;
			return true;
		}
	}
	return false;
}
