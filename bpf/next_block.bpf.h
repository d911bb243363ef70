/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Which block pymalloc is about to hand out: the head of the free list of its class's first pool
 * with room (Objects/obmalloc.c, pymalloc_alloc). The thread that is asked for it holds the GIL
 * until it has it, so nothing comes between. user/cpython/usedpools.h draws the array.
 *
 * A pool is the first one of its class while its link goes back to the class's entry and it has
 * room: one that is full has no free block, one that is empty no block in use, and both keep old
 * links. So a pool that is remembered takes one read.
 */
#ifndef PYLEAK_NEXT_BLOCK_BPF_H
#define PYLEAK_NEXT_BLOCK_BPF_H

#include "read.bpf.h"

#include "abi.h"

/* struct pool_header, as far as it is of use. */
struct pool_header {
	__u32 in_use, pad;
	__u64 free, next, previous;
	__u32 arena, class;
};

static __always_inline bool is_first_pool(struct pool_header *header, __u64 pool, __u32 pool_size,
					  __u64 entry, __u32 class)
{
	return pool && !(pool & (pool_size - 1)) && read_target(header, sizeof(*header), pool) &&
	       header->previous == entry && header->class == class && header->in_use &&
	       header->free - pool < pool_size;
}

/*
 * The block for @size bytes; 0 where it takes more than a look at a free list. @first: the entry of
 * class 0. @pools: remembers a pool of each class.
 */
static __always_inline __u64 next_block(__u64 first, __u64 size, __u32 pool_size,
					volatile __u64 *pools)
{
	__u32 class = (size - 1) / POOL_ALIGNMENT % POOL_CLASSES;
	__u64 entry = first + class * POOL_ENTRY, pool = pools[class];
	struct pool_header header;

	if (!first || size - 1 >= POOL_CLASSES * POOL_ALIGNMENT)
		return 0;
	if (!is_first_pool(&header, pool, pool_size, entry, class)) {
		pool = read_target_word(entry + POOL_NEXT);
		if (!is_first_pool(&header, pool, pool_size, entry, class))
			return 0;
		pools[class] = pool;
	}
	return header.free;
}

#endif
