// SPDX-License-Identifier: Apache-2.0
/*
 * What the walks want sampled: kinds of objects in pymalloc's blocks of which references are lost,
 * or where there are none, of which many are new.
 */
#ifndef PYLEAK_SESSION_WANT_H
#define PYLEAK_SESSION_WANT_H

#include "../heap/heap.h"
#include "sampling.h"

/* After a search: tell @sampling (may be NULL). 0 or -ENOMEM. */
int want_growing(struct sampling *sampling, struct heap *heap);

#endif
