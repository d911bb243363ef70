// SPDX-License-Identifier: Apache-2.0
/*
 * The bytes that an object takes by itself, with the memory that belongs to it alone: what
 * sys.getsizeof() says inside of the process.
 *
 *	prefix | object ... tp_basicsize | items, inline values		one block
 *	table of a dict or set, array of a list, blocks of a deque	other blocks, by capacity
 *
 * Sources: tp_methods' __sizeof__ of each type in Objects/ and Modules/_collectionsmodule.c, and
 * _PySys_GetSizeOf() of Python/sysmodule.c, which adds the GC head and the managed pre-header. One
 * thing is added that getsizeof() forgets: the attribute values of instances in 3.11 and 3.12.
 */
#ifndef PYLEAK_HEAP_SHALLOW_H
#define PYLEAK_HEAP_SHALLOW_H

#include "reader.h"
#include "types.h"
#include "walk.h"

struct shallow {
	const struct py_layout *layout;
	struct reader *reader; /* for what lies in other blocks */
};

/* Of the object in a live block. What cannot be read counts as nothing. */
uint64_t shallow_bytes(const struct shallow *s, const struct py_type *type,
		       const struct walk_item *b);

#endif
