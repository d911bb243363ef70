// SPDX-License-Identifier: Apache-2.0
/*
 * The table of all allocated blocks of the target at one walk, a few bytes a block.
 *
 *   extents (one a pymalloc pool, one a malloc chunk)         arrays indexed by block number
 *   +----------------------+-------+------+-------+           type   fingerprint  birth
 *   | addr 0x7f..4030      | size  | n    | first-|--------->  [first + 0]
 *   | of its first block   | 64    | 255  |       |            [first + 1] ...
 *   +----------------------+-------+------+-------+           a slot that is free: fingerprint 0
 *
 * Addresses are not stored: block i of an extent lies at addr + i * size. Extents are in order of
 * address.
 *
 * Memory: 5 bytes a block; 24 an extent, of which a pool is one and a malloc chunk is one; 8 for a
 * container of SIZE_LISTED elements or more. The index takes at most 64 bytes for each 64 KiB of
 * address space that blocks lie in.
 */
#ifndef PYLEAK_HEAP_BLOCKS_H
#define PYLEAK_HEAP_BLOCKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BLOCK_NONE UINT32_MAX
#define BLOCKS_INDEXED 256
#define BLOCKS_MAX \
	(UINT32_MAX - (16u << 20)) /* numbers above are for blocks found later, see reach.h */

/* Fingerprints: of type and unchanging content; containers have their size in the low bits. */
#define PRINT_FREE 0  /* the slot is free */
#define PRINT_RAW 1   /* no object: its content says nothing */
#define PRINT_LATER 2 /* identified after the walk: like nothing that a walk sees */
#define PRINT_LEAST 16
#define PRINT_SIZE 0x000f  /* SIZE_LISTED: the size is that or more, and among blocks.sized */
#define PRINT_HASH 0xfff0u /* what tells containers apart */
#define SIZE_LISTED 15

/* Bits of blocks.birth. */
#define BIRTH_WALK 0x0f	   /* number of the walk */
#define BIRTH_SIZED 0x20   /* a container: blocks_size() knows its size */
#define BIRTH_CHECKED 0x40 /* identified again from live memory, by reach.c */
#define BIRTH_TRACKED 0x80 /* tracked by the cyclic collector */

enum extent_kind { EXTENT_POOL, EXTENT_CHUNK };

struct extent {
	uint64_t addr; /* of the first block */
	uint64_t size; /* of each block, usable bytes */
	uint32_t first;
	uint16_t count;
	uint16_t kind; /* enum extent_kind */
};

/* Size of a large container (list, dict, set, deque) at a walk. */
struct sized {
	uint32_t block;
	uint32_t size; /* saturates at UINT32_MAX */
};

struct granule {
	uint64_t number;      /* address / 64 KiB, + 1; 0: unused */
	uint32_t first, last; /* extents that reach into it */
};

struct blocks {
	struct extent *extent; /* owned, as are all arrays; on pages of util/pages.h */
	size_t extents, extent_cap;
	uint16_t *print; /* PRINT_... */
	uint8_t *birth;	 /* walk (1 ..) at which it was first seen as it is, and BIRTH_... */
	uint16_t *type;	 /* of types.h */
	size_t print_cap, birth_cap, type_cap;
	uint32_t count;	     /* slots, free ones included */
	struct sized *sized; /* ordered by block */
	size_t sizeds, sized_cap;
	uint32_t *by_block; /* extent that holds block i * BLOCKS_INDEXED; see blocks_index() */
	size_t by_block_cap;
	struct granule *granule; /* hash, see blocks_index(): extents by address */
	size_t granules;
	uint32_t *large; /* owned: extents too large for the hash, in order */
	size_t larges;
	/* totals */
	uint64_t pool_blocks, pool_bytes, pools, chunk_blocks, chunk_bytes;
};

void blocks_release(struct blocks *b);

/* Append an extent of @count free slots; its number of first slot in @first. Addresses must rise. 0
 * or -ENOMEM/-E2BIG. */
int blocks_add(struct blocks *b, uint64_t addr, uint64_t size, unsigned count,
	       enum extent_kind kind, uint32_t *first);

/* Set the size of a container whose print and birth are set. To be called in order of blocks. 0 or
 * -ENOMEM. */
int blocks_set_size(struct blocks *b, uint32_t block, uint64_t size);

/* Give back the memory of all extents in front of number @extent and of the first @sized entries of
 * b->sized: they must not be looked at any more. */
void blocks_forget(struct blocks *b, size_t extent, size_t sized);

/* Build the indexes that blocks_find() and blocks_addr() need, once all are added. */
int blocks_index(struct blocks *b);

/* The block that holds @addr, live or free, or BLOCK_NONE; its first address and size where the
 * pointers are not NULL. */
uint32_t blocks_find(const struct blocks *b, uint64_t addr, uint64_t *start, uint64_t *size);

/* Address and size of a block by number. */
uint64_t blocks_addr(const struct blocks *b, uint32_t block, uint64_t *size,
		     enum extent_kind *kind);

/* The container's size; false where the block is none. */
bool blocks_size(const struct blocks *b, uint32_t block, uint32_t *size);

#endif
