// SPDX-License-Identifier: Apache-2.0
#include "late.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../util/clock.h"
#include "../util/grow.h"
#include "pymalloc.h"

#define SLOTS_FIRST 1024
#define SPANS_AGAIN_NS 5000000ull
#define HEAD_BYTES 128
#define PAGE 4096u
#define CHUNK_MOST (1ull << 32)
#define POOL_READS 4 /* small reads that take as long as reading a pool */

int late_init(struct reach *r)
{
	r->late_slots = SLOTS_FIRST;
	r->late_slot = calloc(r->late_slots, sizeof(*r->late_slot));
	return r->late_slot ? 0 : -ENOMEM;
}

static const struct span *allocator_span(const struct spans *s, uint64_t to)
{
	const struct span *span = spans_find(s, to);

	return span && spans_hold_blocks(span) ? span : NULL;
}

bool late_may_hold(struct reach *r, uint64_t to)
{
	struct spans now;
	uint64_t ns;

	if (spans_find(r->spans, to))
		return allocator_span(r->spans, to) != NULL;
	ns = clock_ns();
	if (ns - r->spans_read_ns < SPANS_AGAIN_NS || spans_read(&now, r->mem))
		return false;
	r->spans_read_ns = ns;
	spans_release(r->spans);
	*r->spans = now;
	return allocator_span(r->spans, to) != NULL;
}

static size_t hash(const struct reach *r, uint64_t addr)
{
	return (size_t)((addr >> 4) * 0x9E3779B97F4A7C15ull >> 24) & (r->late_slots - 1);
}

static int rehash(struct reach *r)
{
	uint32_t *old = r->late_slot;

	r->late_slots *= 2;
	r->late_slot = calloc(r->late_slots, sizeof(*r->late_slot));
	if (!r->late_slot) {
		r->late_slot = old;
		r->late_slots /= 2;
		return -ENOMEM;
	}
	free(old);
	for (size_t i = 0; i < r->lates; i++) {
		size_t h = hash(r, r->late[i].addr);

		while (r->late_slot[h])
			h = (h + 1) & (r->late_slots - 1);
		r->late_slot[h] = (uint32_t)i + 1;
	}
	return 0;
}

static uint32_t add(struct reach *r, uint64_t start, uint64_t size, unsigned number)
{
	uint32_t block = r->history->now.count + (uint32_t)r->lates;
	size_t h;

	if (r->lates * 2 >= r->late_slots && rehash(r)) {
		r->missed++;
		return BLOCK_NONE;
	}
	for (h = hash(r, start); r->late_slot[h]; h = (h + 1) & (r->late_slots - 1)) {
		uint32_t i = r->late_slot[h] - 1;

		if (r->late[i].addr != start)
			continue;
		if (!parents_reached(&r->parents, r->history->now.count + i))
			r->late[i] = (struct late){ start, size, number };
		return r->history->now.count + i;
	}
	if (r->lates == REACH_LATE_MAX ||
	    grow(&r->late, &r->late_cap, r->lates + 1, sizeof(*r->late)) ||
	    parents_add_late(&r->parents, r->lates + 1)) {
		r->missed++;
		return BLOCK_NONE;
	}
	r->late[r->lates] = (struct late){ start, size, number };
	r->late_slot[h] = (uint32_t)++r->lates;
	return block;
}

/* The block at @start of @size bytes is live: which object is in it now? */
static uint32_t identified(struct reach *r, uint64_t start, uint64_t size, const uint8_t *bytes)
{
	struct blocks *b = &r->history->now;
	uint64_t known_start, known_size;
	uint32_t offset, block = blocks_find(b, start, &known_start, &known_size);
	unsigned number = types_identify(r->types, bytes, size < HEAD_BYTES ? size : HEAD_BYTES,
					 size, &offset);

	if (block == BLOCK_NONE || known_start != start || known_size != size ||
	    (b->type[block] != number && parents_entry(&r->parents, block) == ENTRY_NONE))
		return add(r, start, size, number);
	if (!parents_reached(&r->parents, block) &&
	    (b->type[block] != number || !b->print[block])) {
		b->birth[block] = (uint8_t)r->history->walks;
		b->print[block] = PRINT_LATER;
		b->type[block] = (uint16_t)number;
	}
	b->birth[block] |= BIRTH_CHECKED;
	return block;
}

static uint32_t find_in_pool(struct reach *r, uint64_t to, bool *is_pool)
{
	uint32_t pool_size = r->rt->layout.facts.pool_size;
	uint64_t base = to & ~(uint64_t)(pool_size - 1);
	uint8_t bytes[16384];
	struct pool pool;
	uint64_t block;

	*is_pool = false;
	if (pool_size > sizeof(bytes) || remote_read(r->mem, base, bytes, POOL_HEADER) ||
	    !pool_recognise(bytes, base, pool_size) ||
	    remote_read(r->mem, base, bytes, pool_size) || !pool_recognise(bytes, base, pool_size))
		return BLOCK_NONE;
	*is_pool = true;
	pool_parse(&pool, bytes, base, pool_size);
	if (to < base + POOL_HEADER)
		return BLOCK_NONE;
	block = (to - base - POOL_HEADER) / pool.block_size;
	if (block >= pool.carved || pool.free[block])
		return BLOCK_NONE;
	base += POOL_HEADER + block * pool.block_size;
	return identified(r, base, pool.block_size, bytes + (base & (pool_size - 1)));
}

/* Size of a chunk with the header word @word, 0 where @room bytes cannot hold it. */
static uint64_t chunk_size(uint64_t word, uint64_t room)
{
	uint64_t size = word & ~7ull;

	return size < 32 || size & 15 || size > CHUNK_MOST || size > room ? 0 : size;
}

/* A mapping of its own, glibc_walk_mapped() has its sizes. */
static bool is_mapped(const struct span *span, uint64_t chunk, const uint64_t *header)
{
	uint64_t rest = header[1] & (PAGE - 1);

	return span->kind == SPAN_ANON && !(chunk & (PAGE - 1)) && !header[0] &&
	       (rest == 2 || rest == 4080 + 2);
}

/*
 * Usable size of the live chunk at @user, 0 where there is none. See glibc.h for the headers. Freed
 * memory is full of headers that once were right: the next chunk must say that this one is in use,
 * and lead to one more, or be the last, which ends where a page does.
 */
static uint64_t chunk_at(struct reach *r, const struct span *span, uint64_t user)
{
	uint64_t header[2], chunk = user - 16, size, next;

	if (user < span->start + 16 || remote_read(r->mem, chunk, header, sizeof(header)))
		return 0;
	size = chunk_size(header[1], span->end - chunk);
	if (!size)
		return 0;
	if (header[1] & 2)
		return is_mapped(span, chunk, header) ? size - 16 : 0;
	if (remote_read(r->mem, chunk + size, header, sizeof(header)) || !(header[1] & 1))
		return 0;
	next = chunk_size(header[1], span->end - chunk - size);
	if (!next)
		return 0;
	next += chunk + size;
	if (next & (PAGE - 1) && (remote_read(r->mem, next, header, sizeof(header)) ||
				  !chunk_size(header[1], span->end - next)))
		return 0;
	return size - 8;
}

/* A malloc chunk whose user part begins at @to, or as far before as an object's prefix is long. */
static uint32_t find_chunk(struct reach *r, const struct span *span, uint64_t to)
{
	for (uint64_t user = to; !(user & 15) && user + 48 >= to; user -= 16) {
		uint64_t size = chunk_at(r, span, user);
		size_t have = size < HEAD_BYTES ? size : HEAD_BYTES;
		uint8_t bytes[HEAD_BYTES] = { 0 };
		uint32_t offset;
		unsigned number;

		if (!size || remote_read(r->mem, user, bytes, have))
			continue;
		number = types_identify(r->types, bytes, have, size, &offset);
		if (number == TYPE_NONE ? user == to : user + offset == to)
			return identified(r, user, size, bytes);
	}
	return BLOCK_NONE;
}

uint32_t late_find(struct reach *r, uint64_t to)
{
	const struct span *span;
	uint32_t block;
	bool is_pool;

	if (!late_may_hold(r, to) || !reach_may_read_live(r, POOL_READS))
		return BLOCK_NONE;
	span = allocator_span(r->spans, to);
	if (span->kind != SPAN_BRK) {
		block = find_in_pool(r, to, &is_pool);
		if (is_pool)
			return block;
	}
	return find_chunk(r, span, to);
}
