// SPDX-License-Identifier: Apache-2.0
/*
 * Owners and holders of descriptors, out of a heap that was walked and searched.
 */
#ifndef PYLEAK_SESSION_RESOURCE_OWNERS_H
#define PYLEAK_SESSION_RESOURCE_OWNERS_H

#include "../heap/heap.h"
#include "../heap/owners.h"
#include "resource_rows.h"

struct resource_owners {
	struct owners objects; /* of descriptors and mappings */
	struct owners threads; /* by the thread's id in its own namespace */
};

/*
 * The owners of what is in @v among the objects of @heap, whose heap_reach() was of everything and
 * just before @v was read: *@o, and v->owner_type. 0 or -ENOMEM. Release in any case.
 */
int resource_owners_find(struct resource_owners *o, struct heap *heap, struct resource_view *v);
void resource_owners_release(struct resource_owners *o);

/*
 * Name in each row of @r who owns what is in it, and who holds those, and in each thread who holds
 * its object. 0 or -ENOMEM.
 */
int resource_owners_name(struct resources *r, const struct resource_owners *o, struct heap *heap,
			 const struct resource_view *v);

#endif
