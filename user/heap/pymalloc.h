// SPDX-License-Identifier: Apache-2.0
/*
 * pymalloc's pools, recognised by their headers alone: no arena table, no symbol.
 *
 *   pool (4 KiB, from 3.10 16 KiB, aligned to its size)               Objects/obmalloc.c, struct
 * pool_header +0  u32 ref.count   +8 freeblock   +16 nextpool   +24 prevpool +32 u32 arenaindex +36
 * u32 szidx  +40 u32 nextoffset  +44 u32 maxnextoffset +48 block 0, block 1, ... block size (szidx
 * + 1) * 16
 *
 * A block is live when it lies below nextoffset and not on the list that begins at freeblock;
 * ref.count says how many are.
 */
#ifndef PYLEAK_HEAP_PYMALLOC_H
#define PYLEAK_HEAP_PYMALLOC_H

#include <stdbool.h>
#include <stdint.h>

#define POOL_HEADER 48
#define POOL_BLOCKS_MAX 1024 /* 16 KiB / 16 bytes */

struct pool {
	uint64_t addr;
	uint32_t block_size;
	uint32_t carved; /* blocks below nextoffset */
	uint32_t live;	 /* ref.count */
	bool torn;	 /* free list and count disagree: the copy was made while it changed */
	uint8_t free[POOL_BLOCKS_MAX]; /* 1: on the free list */
};

/* Is this the header of a pool at @addr in use? Only the first POOL_HEADER bytes are looked at. */
bool pool_recognise(const uint8_t *header, uint64_t addr, uint32_t pool_size);

/* Parse a recognised pool from its @pool_size bytes. */
void pool_parse(struct pool *p, const uint8_t *bytes, uint64_t addr, uint32_t pool_size);

#endif
