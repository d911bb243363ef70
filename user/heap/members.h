// SPDX-License-Identifier: Apache-2.0
/*
 * Names of the words of an object: what Python calls the attribute that lies at an offset.
 */
#ifndef PYLEAK_HEAP_MEMBERS_H
#define PYLEAK_HEAP_MEMBERS_H

#include "../util/strbuf.h"
#include "reach.h"

/*
 * Append ".name" for the field at @offset of @o: by a table for the kinds that paths go through
 * most, else by the type's member descriptors (__slots__, PyMemberDef), else "<type+offset>". Steps
 * that a person does not write add nothing.
 */
void members_label(struct reach *r, const struct object *o, uint32_t offset, struct strbuf *out);

/* Does the edge lead from a module, class, instance or function to the dict of its names? */
bool members_is_namespace(const struct reach *r, const struct object *o, unsigned edge);

/* Does the edge lead from a function to its closure, the tuple of its free variables? */
bool members_is_closure(const struct reach *r, const struct object *o, unsigned edge);

/* Append how the free variable @index of @count of the function at @function is written: "
 * (closure: name)". */
void members_closure_label(struct reach *r, uint64_t function, unsigned index, uint64_t count,
			   struct strbuf *out);

#endif
