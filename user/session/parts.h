// SPDX-License-Identifier: Apache-2.0
/*
 * The parts of a footprint that add up to its RSS.
 */
#ifndef PYLEAK_SESSION_PARTS_H
#define PYLEAK_SESSION_PARTS_H

#include "../heap/walk.h"
#include "../model/report.h"

/*
 * Add what a walk knows to what smaps said at about the same time; what is left of RSS is "other".
 * It may come out short by what was freed between the two readings, or where the kernel merged a
 * thread's stack with a malloc heap above it: that is then taken from the stacks, and from free
 * memory, so that no part is negative and the sum is exact. Nothing is filled without an RSS.
 */
void parts_fill(struct footprint *f, const struct walk_parts *walk);

#endif
