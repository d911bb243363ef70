// SPDX-License-Identifier: Apache-2.0
#include "glibc.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../target/maps.h"
#include "fingerprint.h"

#define PAGE 4096u
#define CHUNK_HEADER 16
#define CHUNK_LEAST 32
#define CHUNK_FLAGS 7ull
#define PREV_INUSE 1
#define IS_MMAPPED 2
#define MAPPED_LEAST                                                                             \
	(64u << 10) /* mmap_threshold is 128 KiB; tunables make it smaller, but not useful below \
		       this */
#define HEAP_MAX (64ull << 20)	 /* of a thread arena, malloc/arena.c HEAP_MAX_SIZE */
#define LIST_MAX 200000		 /* chunks followed on one free list */
#define FREE_CHUNKS_MAX 1000000	 /* on all of them, at one walk */
#define LIBC_SCAN_MAX (8u << 20) /* of the C library's mappings looked through */

/*
 * Fields of malloc_state and tcache_perthread_struct, which glibc does not export. Sources:
 * malloc/malloc.c and malloc/arena.c of each release, compared with libc6-dbg of 2.31, 2.36, 2.41
 * and 2.43.
 */
struct glibc_shape {
	int minor_min, minor_max;
	uint32_t top;	   /* of malloc_state */
	uint32_t fastbins; /* 10 lists; 0: has none */
	uint32_t state_size;
	uint32_t heap_info;    /* sizeof(heap_info) */
	uint32_t tcache_chunk; /* size of the chunk a tcache lies in */
	uint32_t tcache_bins;
	uint32_t tcache_entries;
	bool tcache_counts; /* u16 counts[]; else remaining slots, lists end with NULL */
	bool safe_linking;  /* list pointers are xored with their own address >> 12 */
};

static const struct glibc_shape shapes[] = {
	{ 30, 31, 0x60, 0x10, 0x898, 0x20, 0x290, 64, 128, true, false },
	{ 32, 34, 0x60, 0x10, 0x898, 0x20, 0x290, 64, 128, true, true },
	{ 35, 41, 0x60, 0x10, 0x898, 0x30, 0x290, 64, 128, true, true },
	{ 42, 42, 0x60, 0x10, 0x898, 0x30, 0x300, 76, 152, false, true },
	{ 43, 43, 0x08, 0, 0x840, 0x30, 0x300, 76, 152, false, true },
};

#define FASTBINS 10
#define BINS_CHECKED 127
#define BINS_EMPTY_LEAST 8 /* a heap in use has many of the 127 empty, mostly large ones */

static bool is_libc(const struct map *map)
{
	const char *name = strrchr(map->path, '/');

	return name && (strcmp(name, "/libc.so.6") == 0 || strncmp(name, "/libc-2.", 8) == 0);
}

/* "GNU C Library (...) stable release version 2.36." is in its read-only data (csu/version.c). */
static int minor_of(struct remote *mem, const struct maps *maps)
{
	static const char banner[] = "stable release version 2.";
	uint8_t *copy = malloc(LIBC_SCAN_MAX + 1);
	int minor = 0;

	for (size_t i = 0; copy && i < maps->count && !minor; i++) {
		const struct map *map = &maps->map[i];
		size_t len = map->end - map->start < LIBC_SCAN_MAX ? map->end - map->start
								   : LIBC_SCAN_MAX;
		ssize_t got;
		uint8_t *at;

		if (!is_libc(map) || map->prot & MAP_W || !(map->prot & MAP_R))
			continue;
		got = remote_read_some(mem, map->start, copy, len);
		if (got <= 0)
			continue;
		copy[got] = 0;
		at = memmem(copy, (size_t)got, banner, sizeof(banner) - 1);
		if (at)
			minor = (int)strtol((char *)at + sizeof(banner) - 1, NULL, 10);
	}
	free(copy);
	return minor;
}

/*
 * Is the word at @word, at @addr in the target, the first of malloc_state's bins? An empty bin
 * points at itself, twice; any other at the first and last chunk on its list: top | last_remainder
 * | bins[0] = bins[1] = &top | bins[2] = bins[3] = &bins[0] | ...
 */
static bool are_bins(const uint64_t *word, uint64_t addr)
{
	int empty = 0;

	for (unsigned bin = 0; bin < BINS_CHECKED; bin++) {
		uint64_t self = addr + 16ull * bin - 16, first = word[2 * bin],
			 last = word[2 * bin + 1];

		if (first == self && last == self)
			empty++;
		else if (first & 15 || last & 15 || !remote_plausible(first) ||
			 !remote_plausible(last))
			return false;
	}
	return empty >= BINS_EMPTY_LEAST;
}

/* Address of `top` in the main arena's malloc_state, found among words of libc's data by its bins;
 * or 0. */
static uint64_t find_top(const uint64_t *word, size_t words, uint64_t addr)
{
	for (size_t i = 2; i + 2 * BINS_CHECKED <= words; i++)
		if (are_bins(word + i, addr + 8 * i))
			return addr + 8 * i - 16;
	return 0;
}

static uint64_t main_top(struct remote *mem, const struct maps *maps)
{
	uint64_t *copy = malloc(LIBC_SCAN_MAX), top = 0;

	for (size_t i = 0; copy && i < maps->count && !top; i++) {
		const struct map *map = &maps->map[i];
		size_t len = map->end - map->start < LIBC_SCAN_MAX ? map->end - map->start
								   : LIBC_SCAN_MAX;
		ssize_t got;

		if (!is_libc(map) || !(map->prot & MAP_W))
			continue;
		got = remote_read_some(mem, map->start, copy, len);
		if (got > 0)
			top = find_top(copy, (size_t)got / 8, map->start);
	}
	free(copy);
	return top;
}

void glibc_find(struct glibc *g, pid_t pid, struct remote *mem)
{
	struct maps maps;
	uint64_t top;

	*g = (struct glibc){ 0 };
	if (maps_read(&maps, pid))
		return;
	for (size_t i = 0; i < maps.count && !g->libc[0]; i++)
		if (is_libc(&maps.map[i]) || strstr(maps.map[i].path, "/ld-musl"))
			snprintf(g->libc, sizeof(g->libc), "%.63s",
				 strrchr(maps.map[i].path, '/') + 1);
	g->minor = minor_of(mem, &maps);
	for (size_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++)
		if (g->minor >= shapes[i].minor_min && g->minor <= shapes[i].minor_max)
			g->shape = &shapes[i];
	top = g->shape ? main_top(mem, &maps) : 0;
	if (top)
		g->main_state = top - g->shape->top;
	maps_release(&maps);
}

static uint64_t word_at(const uint8_t *bytes, size_t offset)
{
	uint64_t w;

	memcpy(&w, bytes + offset, sizeof(w));
	return w;
}

/*
 * Follow a list of free chunks from @user, an address malloc() would return; the next pointer lies
 * there, and points @skew bytes in front of such an address. Lists may be forged: all of one walk
 * together have a bound, beyond which freed chunks count as live.
 */
static void follow(struct walk *w, uint64_t user, unsigned skew, unsigned most)
{
	const struct glibc_shape *shape = w->glibc->shape;

	for (unsigned i = 0; i < most && w->free_chunks < FREE_CHUNKS_MAX; i++) {
		uint64_t next;

		if (user & 15 || !spans_find(w->spans, user) ||
		    !remote_u64(w->stream->mem, user, &next))
			return;
		walk_free_chunk(w, user);
		next = shape->safe_linking ? next ^ user >> 12 : next;
		if (!next)
			return;
		user = next + skew;
	}
}

/* Fastbins link chunks, tcaches what malloc() returned. */
static void follow_fastbins(struct walk *w, uint64_t state)
{
	const struct glibc_shape *shape = w->glibc->shape;
	uint64_t bin;

	for (unsigned i = 0; shape->fastbins && i < FASTBINS; i++)
		if (remote_u64(w->stream->mem, state + shape->fastbins + 8 * i, &bin) && bin)
			follow(w, bin + CHUNK_HEADER, CHUNK_HEADER, LIST_MAX);
}

/* Is this chunk of the right size a thread's tcache? Every count and list head must fit together.
 */
static bool is_tcache(const struct walk *w, const uint8_t *user)
{
	const struct glibc_shape *shape = w->glibc->shape;

	for (unsigned i = 0; i < shape->tcache_bins; i++) {
		uint64_t head = word_at(user, shape->tcache_entries + 8 * i);
		uint16_t count;

		memcpy(&count, user + 2 * i, sizeof(count));
		if (head & 15 || (head && !spans_find(w->spans, head)) || count > 127)
			return false;
		if (shape->tcache_counts && !count != !head)
			return false;
	}
	return true;
}

static void follow_tcache(struct walk *w, uint64_t user_addr)
{
	const struct glibc_shape *shape = w->glibc->shape;
	uint8_t copy[0x300];

	/* a chunk's last word lies in the header of the next */
	if (remote_read(w->stream->mem, user_addr, copy, shape->tcache_chunk - 8) ||
	    !is_tcache(w, copy))
		return;
	for (unsigned i = 0; i < shape->tcache_bins; i++) {
		uint16_t count = UINT16_MAX;

		if (shape->tcache_counts)
			memcpy(&count, copy + 2 * i, sizeof(count));
		follow(w, word_at(copy, shape->tcache_entries + 8 * i), 0, count);
	}
}

static void report_chunk(struct walk *w, uint64_t user, uint64_t usable)
{
	size_t have = usable < FINGERPRINT_CHUNK_BYTES ? usable : FINGERPRINT_CHUNK_BYTES;
	const uint8_t *bytes = stream_at(w->stream, user, have);
	uint32_t was, block;

	if (!bytes)
		return;
	block = walk_extent(w, user, usable, 1, EXTENT_CHUNK, &was);
	walk_block(w, block, was, bytes, have, usable);
	w->now->chunk_blocks++;
	w->now->chunk_bytes += usable;
	w->parts.chunk_live += usable < PAGE ? usable + 8
					     : stream_present(w->stream, user - 8, user + usable);
}

/* A free chunk: header, links and the size at its end stay, pages between can be given back. */
static void count_free(struct walk *w, uint64_t at, uint64_t size)
{
	uint64_t from = (at + CHUNK_LEAST + PAGE - 1) & ~(uint64_t)(PAGE - 1);
	uint64_t to = (at + size - 8) & ~(uint64_t)(PAGE - 1);

	if (from < to)
		w->parts.chunk_trim += stream_present(w->stream, from, to);
}

/* What of [@from, @to), a heap just walked, is in memory and not live; @live was live before. */
static void count_rest(struct walk *w, uint64_t from, uint64_t to, uint64_t live)
{
	uint64_t present = stream_present(w->stream, from, to), grown = w->parts.chunk_live - live;

	if (grown > present) /* a small chunk on a page that is absent */
		w->parts.chunk_live = live + present;
	else
		w->parts.chunk_free += present - grown;
}

/* Size of the chunk at @at, 0 where it cannot be one that ends at or before @end. */
static uint64_t chunk_size(struct walk *w, uint64_t at, uint64_t end, bool *prev_inuse)
{
	const uint8_t *header = stream_at(w->stream, at, CHUNK_HEADER);
	uint64_t size = header ? word_at(header, 8) : 0;

	*prev_inuse = size & PREV_INUSE;
	size &= ~CHUNK_FLAGS;
	return size >= CHUNK_LEAST && !(size & 15) && size <= end - at ? size : 0;
}

/* From chunk to chunk, up to @top or @end. */
static void walk_chunks(struct walk *w, uint64_t at, uint64_t end, uint64_t top)
{
	uint64_t tcache = w->glibc->shape ? w->glibc->shape->tcache_chunk : 0;
	bool retried = false, ignored, in_use;

	if (top >= at && top < end)
		count_free(w, top, end - top);
	while (at + CHUNK_HEADER <= end && at != top) {
		uint64_t size = chunk_size(w, at, end, &ignored);
		const uint8_t *next = size ? stream_at(w->stream, at + size, CHUNK_HEADER) : NULL;

		if (!size && !retried) { /* perhaps torn: once more from a fresh copy */
			stream_again(w->stream, at, CHUNK_HEADER);
			retried = true;
			continue;
		}
		if (!size) {
			w->history->torn_chunks++;
			return;
		}
		if (!next || at + size >= end) /* the top chunk of a heap whose top is unknown */
			return;
		in_use = word_at(next, 8) & PREV_INUSE;
		if (in_use) {
			report_chunk(w, at + CHUNK_HEADER, size - 8);
			if (size == tcache)
				follow_tcache(w, at + CHUNK_HEADER);
		} else {
			count_free(w, at, size);
		}
		at += size;
		retried = false;
	}
}

void glibc_walk_brk(struct walk *w, const struct span *span)
{
	uint64_t top = 0, live = w->parts.chunk_live;

	if (w->glibc->main_state) {
		remote_u64(w->stream->mem, w->glibc->main_state + w->glibc->shape->top, &top);
		follow_fastbins(w, w->glibc->main_state);
	}
	walk_chunks(w, span->start, span->end, top);
	count_rest(w, span->start, span->end, live);
}

uint64_t glibc_walk_arena(struct walk *w, uint64_t addr)
{
	const struct glibc_shape *shape = w->glibc->shape;
	const uint8_t *info = stream_at(w->stream, addr, 64);
	uint64_t state, size, mprotected, first, top = 0, end, live = w->parts.chunk_live;

	if (!shape || !info)
		return 0;
	state = word_at(info, 0); /* heap_info: ar_ptr, prev, size, mprotect_size */
	size = word_at(info, 16);
	mprotected = word_at(info, 24);
	if (!state || !size || size > HEAP_MAX || size & 4095 || mprotected < size ||
	    mprotected > HEAP_MAX)
		return 0;
	if (!spans_find(w->spans, state) || addr + size > w->stream->limit ||
	    !remote_u64(w->stream->mem, state + shape->top, &top) || !spans_find(w->spans, top))
		return 0;
	end = addr + size;
	first = addr + shape->heap_info;
	if (state == first) { /* the arena's first heap holds its malloc_state */
		first = state + shape->state_size;
		follow_fastbins(w, state);
	}
	walk_chunks(w, (first + 15) & ~15ull, end, top);
	count_rest(w, addr, end, live);
	return end;
}

uint64_t glibc_walk_mapped(struct walk *w, uint64_t addr)
{
	const uint8_t *header = stream_at(w->stream, addr, CHUNK_HEADER);
	uint64_t size = header ? word_at(header, 8) : 0;
	uint64_t flags = size & 15, live = w->parts.chunk_live;

	if (!size || word_at(header, 0) != 0 || flags != IS_MMAPPED)
		return 0;
	size &= ~CHUNK_FLAGS;
	if ((size & 4095) == 4080 &&
	    w->glibc->minor >= 43) /* 2.43 leaves its own header out of the size */
		size += CHUNK_HEADER;
	if (size & 4095 || size < MAPPED_LEAST || size > w->stream->limit - addr)
		return 0;
	report_chunk(w, addr + CHUNK_HEADER, size - CHUNK_HEADER);
	count_rest(w, addr, addr + size, live);
	return addr + size;
}
