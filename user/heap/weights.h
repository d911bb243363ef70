// SPDX-License-Identifier: Apache-2.0
/*
 * Sums over a tree of blocks, in units of 16 bytes: blocks are multiples of it, but for a chunk's
 * 8.
 */
#ifndef PYLEAK_HEAP_WEIGHTS_H
#define PYLEAK_HEAP_WEIGHTS_H

#include "reach.h"

#define WEIGHTS_UNIT 16

/* Each block's own units, late ones too; 0 for a free slot. */
void weights_of_blocks(const struct reach *r, uint32_t *weight);

/*
 * Add to each of @count blocks what hangs below it. @up of a block is its parent's number; anything
 * from @count on is none. Sums saturate. 0 or -ENOMEM: 4 bytes a block meanwhile.
 */
int weights_sum_up(const uint32_t *up, uint32_t *weight, uint32_t count);

#endif
