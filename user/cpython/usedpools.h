// SPDX-License-Identifier: Apache-2.0
/*
 * Where pymalloc keeps its pools with room, by size class: usedpools[] (Objects/obmalloc.c), from
 * 3.12 on pools.used of an interpreter's own state. A pair of words a class, which code uses as if
 * it were the links of one more pool:
 *
 *	                 +0        +8         +16 nextpool  +24 prevpool
 *	entry(class) ->  (words of others)    first pool    last pool      both the entry: none
 *
 * The first pool is the one that hands out blocks now.
 */
#ifndef PYLEAK_CPYTHON_USEDPOOLS_H
#define PYLEAK_CPYTHON_USEDPOOLS_H

#include <stdint.h>

#include "../target/memory.h"

/*
 * The entry in whose ring the pool at @pool is, found by going back pool by pool; 0: none. A pool
 * that is full still has links to where it was, so that what is found may be another class's.
 */
uint64_t usedpools_entry(struct remote *mem, uint64_t pool, uint32_t pool_size);

/*
 * The entry of class 0, from a pool with blocks of @block_size; the others follow each 16 bytes. 0
 * where it was not found, or what was found does not look like the array.
 */
uint64_t usedpools_find(struct remote *mem, uint64_t pool, uint32_t block_size, uint32_t pool_size);

#endif
