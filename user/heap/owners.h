// SPDX-License-Identifier: Apache-2.0
/*
 * Which Python object owns a descriptor: also one that was opened long before anyone looked.
 *
 *	_io.FileIO, _socket.socket, select.epoll   an int in the object
 *	mmap.mmap				   an int in the object, a duplicate of the file's
 *						   descriptor, and the mapping's address
 *	sqlite3.Connection -> ... -> unixFile	   an int in sqlite's own memory
 *	connections of libpq and the like -> ...   a sockaddr in their own memory
 *
 * No offset is known beforehand. Of a class, every word of its objects is compared with the
 * descriptors that are open: where the number lies, it is for them a descriptor of the right kind,
 * or -1. What is found in native memory has no type, but must hold what only that descriptor
 * can have put there; its owner is the object on the path to it.
 */
#ifndef PYLEAK_HEAP_OWNERS_H
#define PYLEAK_HEAP_OWNERS_H

#include "../model/descriptors.h"
#include "../target/maps.h"
#include "reach.h"

#define OWNERS_NATIVE_MAX (64ull << 20) /* bytes of native memory that are searched */

struct owner {
	uint64_t id;	/* a descriptor's number, or a mapping's address */
	uint32_t block; /* of the object */
};

struct owners {
	struct owner *owner; /* owned, ordered by id, one for each at most */
	size_t count, cap;
};

/*
 * After heap_reach() of everything: the owners of @d and of the mappings in @m, which are of now. 0
 * or -ENOMEM. Release with owners_release().
 */
int owners_find(struct owners *o, struct reach *r, const struct descriptors *d,
		const struct maps *m);
void owners_release(struct owners *o);

/* The object's block, or BLOCK_NONE where none was found. */
uint32_t owners_of(const struct owners *o, uint64_t id);

/* For those that find owners: */

/* Another owner. False where there is no memory. */
bool owners_add(struct owners *o, uint64_t id, uint32_t block);
/* One for each id, in order, as owners_of() needs it: the first that something leads to. */
void owners_sort(struct owners *o, const struct reach *r);

/* owners_native.c */
int owners_find_native(struct owners *o, struct reach *r, const struct descriptors *d,
		       const struct maps *m);

#endif
