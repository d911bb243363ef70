// SPDX-License-Identifier: Apache-2.0
/*
 * Late blocks: allocated after the latest walk, found because something points to them. Numbered
 * behind the walk's table. Also what was an old leaf at the walk and is something else now, because
 * leaves have no entry among the parents.
 */
#ifndef PYLEAK_HEAP_LATE_H
#define PYLEAK_HEAP_LATE_H

#include "reach.h"

int late_init(struct reach *r);

/* Could @to lie in allocated memory? Reads the map again, at most every few ms, when it lies
 * outside the known one. */
bool late_may_hold(struct reach *r, uint64_t to);

/*
 * Find the block that @to points to in live memory: a pool's block or a chunk. Its number (one of
 * the table when it is the same block there, identified anew), or BLOCK_NONE where there is no live
 * block.
 */
uint32_t late_find(struct reach *r, uint64_t to);

#endif
