// SPDX-License-Identifier: Apache-2.0
/*
 * The threading.Thread object of each thread, told by its attribute _native_id.
 */
#ifndef PYLEAK_SESSION_THREAD_OBJECTS_H
#define PYLEAK_SESSION_THREAD_OBJECTS_H

#include "../heap/heap.h"
#include "../heap/owners.h"
#include "resource_rows.h"

/*
 * After heap_reach() of everything: into *@o the objects of @v's threads, by the thread's id in its
 * own namespace. 0 or -ENOMEM. Release with owners_release(), also after a failure.
 */
int thread_objects_find(struct owners *o, struct heap *heap, const struct resource_view *v);

#endif
