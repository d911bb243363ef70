// SPDX-License-Identifier: Apache-2.0
/*
 * Which unreached objects may be held by what nobody counted: a word of the process's memory points
 * to them that is in no unreached object, or there are more words in unreached ones than were
 * counted. Then another object like it got its block since, with those that hold it, or some lie
 * behind a container's end.
 */
#ifndef PYLEAK_HEAP_DOUBTS_H
#define PYLEAK_HEAP_DOUBTS_H

#include "reach.h"

/*
 * Call @fn with the number of each object of which that is so, once or more often. @addr: @count of
 * them, ascending; @counted: references found to each. Where they are too many to look for, all are
 * in doubt. 0, -ENOMEM, or -errno of reading.
 */
int doubts_find(struct reach *r, const uint64_t *addr, const uint32_t *counted, size_t count,
		void (*fn)(void *arg, size_t number), void *arg);

#endif
