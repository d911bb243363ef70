// SPDX-License-Identifier: Apache-2.0
/*
 * Which paths read alike: CACHE[3].user and CACHE[8].user have the same pattern, CACHE[*].user.
 * Told by types and edges alone, so that a million paths are grouped without writing them.
 */
#ifndef PYLEAK_HEAP_PATTERN_H
#define PYLEAK_HEAP_PATTERN_H

#include "reach.h"

#define PATTERN_STEPS_MAX 256 /* of a path, from its end, that are looked at */

/*
 * A number that slots of the same pattern share: of @edge in @holder, which hangs from a root by
 * the path that reach.h knows or from nothing. Repeated steps count once (.next.next.next).
 */
uint64_t pattern_of(const struct reach *r, uint32_t holder, unsigned edge);

#endif
