// SPDX-License-Identifier: Apache-2.0
/*
 * Cycles that pile up because nobody collects them.
 */
#ifndef PYLEAK_SESSION_UNCOLLECTED_H
#define PYLEAK_SESSION_UNCOLLECTED_H

#include "../heap/heap.h"
#include "../model/report.h"

/*
 * Where the cyclic collector is off, by gc.disable() or a threshold of 0, or gc.freeze() takes from
 * it what is unreached, that does not await a collection but stays for good. Then @c is filled, and
 * true returned.
 */
bool uncollected_find(const struct heap *heap, struct candidate *c);

#endif
