// SPDX-License-Identifier: Apache-2.0
/*
 * One walk over the target's heap: every allocated block, what is in it, and since which walk it is
 * there unchanged.
 *
 *   spans --> stream --> pymalloc.c | glibc.c --> walk_extent(), walk_block() --> struct blocks
 *                                                   ^ merges with the table of the walk before, in
 * order of address
 *
 * What the merge has passed of the table before is given back at once, so that two tables take the
 * memory of one and a step (FORGET_BLOCKS in walk.c).
 */
#ifndef PYLEAK_HEAP_WALK_H
#define PYLEAK_HEAP_WALK_H

#include <stdbool.h>
#include <stdint.h>

#include "blocks.h"
#include "spans.h"
#include "stream.h"
#include "types.h"

#define WALKS_MAX 8
#define SIZE_UNKNOWN UINT32_MAX

/* A container whose size changed since the first walk that saw it. */
struct growth {
	uint32_t block;		  /* number at the latest walk */
	uint32_t size[WALKS_MAX]; /* at each walk; SIZE_UNKNOWN before it was there */
};

/*
 * Memory that is present, of what the walk knows, in bytes: live blocks with their headers, and
 * what else is there of the same pools and malloc heaps.
 */
struct walk_parts {
	uint64_t pool_live, pool_free, chunk_live, chunk_free;
	uint64_t chunk_trim; /* of chunk_free: whole pages, which malloc_trim(3) gives back */
};

/* A live block while the walk has it at hand. */
struct walk_item {
	uint64_t addr, size;
	const uint8_t *bytes; /* its first @have bytes */
	size_t have;
	unsigned type;	 /* TYPE_NONE: raw memory */
	uint32_t offset; /* of the object in it */
	uint8_t birth;	 /* as in blocks.birth */
};

/* Called for every live block of a walk; see tally.h. */
struct walk_sink {
	void (*block)(void *arg, const struct walk_item *b);
	void *arg;
};

struct walk_totals {
	double seconds; /* when it began, from the first one */
	uint64_t pool_bytes, chunk_bytes, pool_blocks, chunk_blocks;
	uint64_t took_ns;
	struct walk_parts parts;
};

/* All walks of one look, of which only the latest is kept block by block, and 36 bytes for each
 * container that changed its size. */
struct history {
	const struct walk_sink *sink; /* borrowed; NULL: nobody counts along */
	struct blocks now;
	struct growth *growth; /* owned, ordered by block; on pages */
	size_t growths, growth_cap;
	unsigned walks;
	struct walk_totals total[WALKS_MAX];
	uint64_t torn_pools, torn_chunks; /* inconsistent also when read again, all walks */
	uint64_t out_of_memory;		  /* blocks that found no room in our tables */
};

struct glibc;

struct walk {
	struct types *types;
	struct stream *stream;
	const struct spans *spans;
	struct glibc *glibc;
	struct history *history;
	struct blocks *now;
	struct blocks *before;
	size_t before_extent, before_sized,
		before_growth;	/* how far the merge has come in the tables before */
	uint32_t before_forgot; /* blocks of it given back */
	struct growth *growth;
	size_t growths, growth_cap;
	uint64_t *free_chunk; /* owned: chunks found on lists of free ones */
	size_t free_chunks, free_cap;
	struct walk_parts parts;
	int err; /* first -ENOMEM or -E2BIG; the walk goes on without the block and says so */
};

/*
 * Walk now. At most WALKS_MAX times. @spans must be fresh. 0, -ENOMEM, or -errno where the target
 * is gone. On success @h->now is the new table, and types' counts are those of this walk; after a
 * failure it is empty, and walks and totals are as they were.
 */
int history_walk(struct history *h, struct types *types, struct stream *stream,
		 const struct spans *spans, struct glibc *glibc, double seconds);
void history_release(struct history *h);

/* Sizes of a container at each walk into @size (WALKS_MAX entries); false where it never changed or
 * is no container. */
bool history_sizes(const struct history *h, uint32_t block, uint32_t *size);

/* For the allocators' files: */

/* Begin an extent of @count blocks; @was is the same extent's first block at the walk before, or
 * BLOCK_NONE. */
uint32_t walk_extent(struct walk *w, uint64_t addr, uint64_t size, unsigned count,
		     enum extent_kind kind, uint32_t *was);

/* A live block: @bytes are its first @have bytes. @was as walk_extent() gave, plus the block's
 * index; or BLOCK_NONE. */
void walk_block(struct walk *w, uint32_t block, uint32_t was, const uint8_t *bytes, size_t have,
		uint64_t size);

/* The chunk at @addr (what malloc() returned) is on a list of free ones: it is taken out again
 * after the walk. */
void walk_free_chunk(struct walk *w, uint64_t addr);

#endif
