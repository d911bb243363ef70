// SPDX-License-Identifier: Apache-2.0
/*
 * What came and stayed below memory of C code that is itself made anew as it grows.
 */
#ifndef PYLEAK_SESSION_UNANCHORED_H
#define PYLEAK_SESSION_UNANCHORED_H

#include "../heap/heap.h"
#include "../model/report.h"

/*
 * Such objects have a way from a root, but nothing on it was there all the time, so that no holder
 * can be watched: an undecided candidate, rather than no word about them. True where @c is filled.
 */
bool unanchored_find(struct heap *heap, struct candidate *c);

#endif
