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
 */
#ifndef PYLEAK_HEAP_BLOCKS_H
#define PYLEAK_HEAP_BLOCKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BLOCK_NONE UINT32_MAX
#define BLOCKS_MAX \
	(UINT32_MAX - (16u << 20)) /* numbers above are for blocks found later, see reach.h */

enum extent_kind { EXTENT_POOL, EXTENT_CHUNK };

struct extent {
	uint64_t addr; /* of the first block */
	uint64_t size; /* of each block, usable bytes */
	uint32_t first;
	uint16_t count;
	uint16_t kind; /* enum extent_kind */
};

/* Size of a container (list, dict, set, deque) at a walk. */
struct sized {
	uint32_t block;
	uint32_t size; /* saturates at UINT32_MAX */
};

struct granule {
	uint64_t number;      /* address / 64 KiB, + 1; 0: unused */
	uint32_t first, last; /* extents that reach into it */
};

struct blocks {
	struct extent *extent; /* owned */
	size_t extents, extent_cap;
	uint16_t *print; /* fingerprint of type and unchanging content; 0: free */
	uint8_t *birth;	 /* number of the walk (1 ..) at which it was first seen as it is */
	uint16_t *type;	 /* of types.h */
	size_t print_cap, birth_cap, type_cap;
	uint32_t count;	     /* slots, free ones included */
	struct sized *sized; /* owned, ordered by block */
	size_t sizeds, sized_cap;
	struct granule *granule; /* owned hash, see blocks_index(): extents by address */
	size_t granules;
	uint32_t *large; /* owned: extents too large for the hash, in order */
	size_t larges;
	/* totals */
	uint64_t pool_blocks, pool_bytes, pools, chunk_blocks, chunk_bytes;
	uint64_t pool_free_bytes, chunk_free_bytes;
};

void blocks_release(struct blocks *b);

/* Append an extent of @count free slots; its number of first slot in @first. Addresses must rise. 0
 * or -ENOMEM/-E2BIG. */
int blocks_add(struct blocks *b, uint64_t addr, uint64_t size, unsigned count,
	       enum extent_kind kind, uint32_t *first);
int blocks_add_sized(struct blocks *b, uint32_t block, uint64_t size);

/* Build the index that blocks_find() needs, once all are added. */
int blocks_index(struct blocks *b);

/* The block that holds @addr, live or free, or BLOCK_NONE; its first address and size where the
 * pointers are not NULL. */
uint32_t blocks_find(const struct blocks *b, uint64_t addr, uint64_t *start, uint64_t *size);

/* Address and size of a block by number. */
uint64_t blocks_addr(const struct blocks *b, uint32_t block, uint64_t *size,
		     enum extent_kind *kind);

/* The container's entry among b->sized, or NULL. */
const struct sized *blocks_sized(const struct blocks *b, uint32_t block);

#endif
