// SPDX-License-Identifier: Apache-2.0
#include "walk.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../util/clock.h"
#include "../util/grow.h"
#include "../util/pages.h"
#include "fingerprint.h"
#include "glibc.h"
#include "pymalloc.h"

#define PAGE 4096u
#define ARENA_ALIGN (64ull << 20)
#define FORGET_BLOCKS (1u << 18) /* of the table before are given back at a time: 1.3 MiB */

void history_release(struct history *h)
{
	blocks_release(&h->now);
	pages_free(&h->growth, &h->growth_cap, sizeof(*h->growth));
	*h = (struct history){ 0 };
}

/* The merge never looks back: what it has passed of the tables before is given back. */
static void forget_passed(struct walk *w)
{
	struct blocks *b = w->before;
	uint32_t passed = w->before_extent < b->extents ? b->extent[w->before_extent].first
							: b->count;

	if (passed - w->before_forgot < FORGET_BLOCKS)
		return;
	w->before_forgot = passed;
	blocks_forget(b, w->before_extent, w->before_sized);
	if (w->history->growth)
		pages_forget(w->history->growth, w->before_growth * sizeof(struct growth));
}

uint32_t walk_extent(struct walk *w, uint64_t addr, uint64_t size, unsigned count,
		     enum extent_kind kind, uint32_t *was)
{
	struct blocks *b = w->before;
	uint32_t first;
	int err = blocks_add(w->now, addr, size, count, kind, &first);

	*was = BLOCK_NONE;
	if (err) {
		w->err = w->err ? w->err : err;
		w->history->out_of_memory += count;
		return BLOCK_NONE;
	}
	while (w->before_extent < b->extents && b->extent[w->before_extent].addr < addr)
		w->before_extent++;
	forget_passed(w);
	if (w->before_extent < b->extents && b->extent[w->before_extent].addr == addr &&
	    b->extent[w->before_extent].size == size)
		*was = b->extent[w->before_extent].first;
	return first;
}

static void add_growth(struct walk *w, uint32_t block, const struct growth *had, uint32_t was,
		       uint32_t is)
{
	unsigned walk = w->history->walks; /* 0 at the first one */
	unsigned since = w->now->birth[block] & BIRTH_WALK;
	struct growth *g;

	if (pages_grow(&w->growth, &w->growth_cap, w->growths + 1, sizeof(*w->growth))) {
		w->err = -ENOMEM;
		return;
	}
	g = &w->growth[w->growths++];
	g->block = block;
	for (unsigned i = 0; i < WALKS_MAX; i++)
		g->size[i] = had ? had->size[i] : i + 1 >= since && i < walk ? was : SIZE_UNKNOWN;
	g->size[walk] = is;
}

/* Size of container @was at the walk before; false where it is not known. */
static bool size_before(struct walk *w, uint32_t was, uint32_t *size)
{
	const struct blocks *b = w->before;

	while (w->before_sized < b->sizeds && b->sized[w->before_sized].block < was)
		w->before_sized++;
	if (!(b->birth[was] & BIRTH_SIZED))
		return false;
	*size = b->print[was] & PRINT_SIZE;
	if (*size < SIZE_LISTED)
		return true;
	if (w->before_sized == b->sizeds || b->sized[w->before_sized].block != was)
		return false;
	*size = b->sized[w->before_sized].size;
	return true;
}

/* Remember a container's size, and its history where it ever changed. */
static void note_size(struct walk *w, uint32_t block, uint32_t was, uint64_t size)
{
	const struct history *h = w->history;
	const struct growth *had = NULL;
	int err = blocks_set_size(w->now, block, size);
	uint32_t before, is = size > UINT32_MAX ? UINT32_MAX : (uint32_t)size;

	if (err) {
		w->err = err;
		return;
	}
	if (was == BLOCK_NONE)
		return;
	while (w->before_growth < h->growths && h->growth[w->before_growth].block < was)
		w->before_growth++;
	if (w->before_growth < h->growths && h->growth[w->before_growth].block == was)
		had = &h->growth[w->before_growth];
	if (size_before(w, was, &before) && (had || before != is))
		add_growth(w, block, had, before, is);
}

/* The block belongs to the extent that was added last. */
static void pass_on(const struct walk_sink *sink, const struct blocks *b, struct walk_item *live,
		    uint32_t block)
{
	const struct extent *x = &b->extent[b->extents - 1];

	live->addr = x->addr + (block - x->first) * x->size;
	sink->block(sink->arg, live);
}

void walk_block(struct walk *w, uint32_t block, uint32_t was, const uint8_t *bytes, size_t have,
		uint64_t size)
{
	uint8_t now = (uint8_t)(w->history->walks + 1), tracked = 0;
	const struct py_type *type;
	uint32_t offset = 0, sized;
	uint16_t print = PRINT_RAW, compared = UINT16_MAX;
	unsigned number;
	uint64_t word;

	if (block == BLOCK_NONE)
		return;
	number = types_identify(w->types, bytes, have, size, &offset);
	type = types_get(w->types, number);
	if (number != TYPE_NONE) {
		print = fingerprint_of(w->types, type, bytes + offset, have - offset);
		if (type->flags & PY_TPFLAGS_HAVE_GC && offset >= 16) {
			memcpy(&word, bytes + offset - 16,
			       sizeof(word)); /* _gc_next: 0 when not tracked */
			tracked = word ? BIRTH_TRACKED : 0;
		}
	}
	sized = number != TYPE_NONE ? types_size_word(w->types, type) : 0;
	if (sized && offset + sized + 8 <= have)
		compared = PRINT_HASH;
	else
		sized = 0;
	if (was != BLOCK_NONE && w->before->type[was] == number &&
	    !((w->before->print[was] ^ print) & compared))
		now = w->before->birth[was] & BIRTH_WALK;
	else
		was = BLOCK_NONE;
	w->now->print[block] = print;
	w->now->type[block] = (uint16_t)number;
	w->now->birth[block] = now | tracked;
	if (w->history->sink)
		pass_on(w->history->sink, w->now,
			&(struct walk_item){ .size = size,
					      .bytes = bytes,
					      .have = have,
					      .type = number,
					      .offset = offset,
					      .birth = now | tracked },
			block);
	if (sized) {
		memcpy(&word, bytes + offset + sized, sizeof(word));
		note_size(w, block, was, word);
	}
}

void walk_free_chunk(struct walk *w, uint64_t addr)
{
	if (grow(&w->free_chunk, &w->free_cap, w->free_chunks + 1, sizeof(*w->free_chunk)))
		w->err = -ENOMEM;
	else
		w->free_chunk[w->free_chunks++] = addr;
}

static uint64_t least(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* Chunks on free lists look live to their neighbours, and their lists are often found after them.
 */
static void take_out_free_chunks(struct walk *w)
{
	struct blocks *b = w->now;

	for (size_t i = 0; i < w->free_chunks; i++) {
		uint64_t start, size;
		uint32_t block = blocks_find(b, w->free_chunk[i], &start, &size);

		if (block == BLOCK_NONE || start != w->free_chunk[i] || !b->print[block])
			continue;
		b->print[block] = 0;
		b->type[block] = TYPE_NONE;
		b->birth[block] = 0;
		b->chunk_blocks--;
		b->chunk_bytes -= size;
		w->parts.chunk_live -= least(w->parts.chunk_live, size + 8);
		w->parts.chunk_free += size + 8;
	}
}

/* What of the pool is in memory: blocks, and the rest with the header. */
static void count_pool(struct walk *w, const struct pool *pool, uint32_t pool_size)
{
	uint64_t present = stream_present(w->stream, pool->addr, pool->addr + pool_size);
	uint64_t live = least((uint64_t)pool->live * pool->block_size, present);

	w->now->pools++;
	w->parts.pool_live += live;
	w->parts.pool_free += present - live;
}

static void walk_pool(struct walk *w, uint64_t addr, uint32_t pool_size)
{
	const uint8_t *bytes = stream_at(w->stream, addr, pool_size);
	struct pool pool;
	uint32_t first, was;

	if (!bytes)
		return;
	pool_parse(&pool, bytes, addr, pool_size);
	if (pool.torn) {
		bytes = stream_again(w->stream, addr, pool_size);
		if (!bytes || !pool_recognise(bytes, addr, pool_size))
			return;
		pool_parse(&pool, bytes, addr, pool_size);
		w->history->torn_pools += pool.torn;
	}
	count_pool(w, &pool, pool_size);
	if (!pool.live)
		return;
	first = walk_extent(w, addr + POOL_HEADER, pool.block_size, pool.carved, EXTENT_POOL, &was);
	if (first == BLOCK_NONE)
		return;
	w->now->pool_blocks += pool.live;
	w->now->pool_bytes += (uint64_t)pool.live * pool.block_size;
	/* an earlier walk may have seen fewer carved blocks: those beyond are free there,
	 * fingerprint 0 or another extent's */
	for (uint32_t i = 0; i < pool.carved; i++) {
		const uint8_t *block = bytes + POOL_HEADER + (size_t)i * pool.block_size;
		uint32_t before =
			was == BLOCK_NONE || i >= w->before->extent[w->before_extent].count
				? BLOCK_NONE
				: was + i;

		if (!pool.free[i])
			walk_block(w, first + i, before, block, pool.block_size, pool.block_size);
	}
}

/* One present run of an anonymous span; @done is how far chunks that began in earlier runs reach.
 */
static uint64_t walk_run(struct walk *w, uint64_t from, uint64_t to, uint64_t done)
{
	uint32_t pool_size = w->types->rt->layout.facts.pool_size;

	for (uint64_t at = from > done ? from : done; at < to;) {
		const uint8_t *header = stream_at(w->stream, at, POOL_HEADER);
		uint64_t end = 0;

		if (!header)
			return to;
		if (!(at & (pool_size - 1)) && at + pool_size <= w->stream->limit &&
		    pool_recognise(header, at, pool_size)) {
			walk_pool(w, at, pool_size);
			end = at + pool_size;
		}
		if (!end && !(at & (ARENA_ALIGN - 1)))
			end = glibc_walk_arena(w, at);
		if (!end)
			end = glibc_walk_mapped(w, at);
		at = end ? (end + PAGE - 1) & ~(uint64_t)(PAGE - 1) : at + PAGE;
		done = at;
	}
	return done;
}

static int walk_span(struct walk *w, const struct span *span)
{
	uint64_t done = span->start;
	int err = stream_begin(w->stream, span);

	if (err)
		return err;
	if (span->kind == SPAN_BRK) {
		glibc_walk_brk(w, span);
		return 0;
	}
	for (size_t i = 0; i < w->stream->runs; i++)
		done = walk_run(w, w->stream->run[i].start, w->stream->run[i].end, done);
	return 0;
}

static void count_types(struct walk *w)
{
	const struct blocks *b = w->now;

	for (size_t i = 0; i < b->extents; i++) {
		const struct extent *x = &b->extent[i];

		for (uint32_t n = x->first; n < x->first + x->count; n++) {
			struct py_type *type = &w->types->type[b->type[n]];

			if (b->type[n] == TYPE_NONE)
				continue;
			type->objects++;
			type->tracked += b->birth[n] & BIRTH_TRACKED ? 1 : 0;
			type->bytes += x->size;
		}
	}
}

static void commit(struct walk *w, double seconds, uint64_t began)
{
	struct history *h = w->history;
	struct walk_totals *total = &h->total[h->walks];

	*total = (struct walk_totals){ .seconds = seconds,
				       .pool_bytes = w->now->pool_bytes,
				       .pool_blocks = w->now->pool_blocks,
				       .chunk_bytes = w->now->chunk_bytes,
				       .chunk_blocks = w->now->chunk_blocks,
				       .took_ns = clock_ns() - began,
				       .parts = w->parts };
	h->now = *w->now;
	h->growth = w->growth;
	h->growths = w->growths;
	h->growth_cap = w->growth_cap;
	h->walks++;
}

int history_walk(struct history *h, struct types *types, struct stream *stream,
		 const struct spans *spans, struct glibc *glibc, double seconds)
{
	struct blocks now = { 0 };
	struct walk w = { .types = types,
			  .stream = stream,
			  .spans = spans,
			  .glibc = glibc,
			  .history = h,
			  .now = &now,
			  .before = &h->now };
	uint64_t began = clock_ns();
	int err = 0;

	if (h->walks >= WALKS_MAX)
		return -E2BIG;
	types_begin_walk(types);
	for (size_t i = 0; i < spans->count && !err; i++)
		if (spans_hold_blocks(&spans->span[i]))
			err = walk_span(&w, &spans->span[i]);
	if (!err)
		err = blocks_index(&now);
	if (!err)
		err = w.err == -ENOMEM ? -ENOMEM : 0;
	blocks_release(&h->now);
	pages_free(&h->growth, &h->growth_cap, sizeof(*h->growth));
	h->growths = 0;
	if (err) {
		blocks_release(&now);
		pages_free(&w.growth, &w.growth_cap, sizeof(*w.growth));
	} else {
		take_out_free_chunks(&w);
		count_types(&w);
		commit(&w, seconds, began);
	}
	free(w.free_chunk);
	return err;
}

bool history_sizes(const struct history *h, uint32_t block, uint32_t *size)
{
	size_t lo = 0, hi = h->growths;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (block < h->growth[mid].block) {
			hi = mid;
		} else if (block > h->growth[mid].block) {
			lo = mid + 1;
		} else {
			memcpy(size, h->growth[mid].size, sizeof(h->growth[mid].size));
			return true;
		}
	}
	return false;
}
