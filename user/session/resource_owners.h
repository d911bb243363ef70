// SPDX-License-Identifier: Apache-2.0
/*
 * Owners and holders of descriptors, out of a heap that was walked and searched.
 */
#ifndef PYLEAK_SESSION_RESOURCE_OWNERS_H
#define PYLEAK_SESSION_RESOURCE_OWNERS_H

#include "../heap/heap.h"
#include "../heap/owners.h"
#include "resource_rows.h"

/*
 * The owners of @v's descriptors among the objects of @heap, whose heap_reach() was of everything
 * and just before @v was read: *@o, and v->owner_type. 0 or -ENOMEM. Release with owners_release().
 */
int resource_owners_find(struct owners *o, struct heap *heap, struct resource_view *v);

/*
 * Name in each row of @r who owns what is in it, and who holds those. 0 or -ENOMEM.
 */
int resource_owners_name(struct resources *r, const struct owners *o, struct heap *heap,
			 const struct resource_view *v);

#endif
