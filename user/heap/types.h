// SPDX-License-Identifier: Apache-2.0
/*
 * The types of the target's objects, by address, each read and checked once a walk.
 *
 * A word is a type's address when what lies there has the shape of a type object (its own type is a
 * type, it is ready, its sizes and flags are sane, its name is text). Types get small numbers, so
 * that two bytes a block say its type.
 */
#ifndef PYLEAK_HEAP_TYPES_H
#define PYLEAK_HEAP_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../cpython/runtime.h"

#define TYPE_NONE 0 /* not an object: raw memory, or unknown */
#define TYPES_MAX                                                                                 \
	65535 /* of types of one target; objects of types beyond count as raw, see types.overflow \
	       */
#define POOL_BLOCK_MOST 512 /* bytes; larger ones are malloc's */
#define TYPES_NOT 16384	  /* recently refused addresses remembered */
#define TYPE_BASES_MAX 24 /* of tp_base links followed */

/* How objects of a type hold others; one row of the table in kinds.c each. Subclasses inherit it.
 */
enum kind {
	KIND_OBJECT, /* words up to tp_basicsize, attribute values, __dict__ */
	KIND_LEAF,   /* holds nothing: str, bytes, int, float, ... */
	KIND_LIST,
	KIND_TUPLE,
	KIND_DICT,
	KIND_SET,
	KIND_DEQUE,
	KIND_TYPE,
	KIND_FUNCTION,
	KIND_METHOD,
	KIND_CELL,
	KIND_CODE,
	KIND_FRAME,
	KIND_GENERATOR, /* and coroutine, asynchronous generator */
	KIND_EXCEPTION,
	KIND_TRACEBACK,
	KIND_MODULE,
	KIND_WEAKREF,
	KIND_LRU,
	KIND_LRU_LINK,
	KIND_BYTEARRAY,
	KIND_COUNT,
};

struct py_type {
	uint64_t address;
	uint64_t flags;
	uint64_t name_address;
	uint32_t basicsize, itemsize;
	int32_t dictoffset, weaklistoffset;
	uint32_t least;	    /* the smallest block an object of this type fits in, prefix included */
	uint16_t prefix;    /* bytes in front of the object in its block: 0, 16 or 32 */
	uint8_t kind;	    /* enum kind */
	uint8_t compact;    /* str itself: objects are smaller than tp_basicsize */
	uint32_t kind_size; /* bytes of the object that its kind covers; subclasses' own fields
			       begin there */
	uint32_t seen;	    /* walk at which it was last checked */
	uint64_t objects, tracked, bytes; /* at the latest walk; tracked by the cyclic collector */
	char name[64];			  /* tp_name */
};

struct types {
	const struct py_runtime *rt;
	struct remote *mem;
	struct py_type *type; /* owned; [0] is TYPE_NONE */
	size_t count, cap;
	uint16_t *slot; /* hash by address, open addressing; owned */
	size_t slots;
	uint64_t *not_type; /* TYPES_NOT recently refused addresses; owned */
	uint32_t walk;
	unsigned bases;	   /* tp_base links being followed */
	uint64_t overflow; /* types that found no number */
	/* The debug allocators' 16-byte prefixes: 0 where they are off; 1; 2 where blocks beyond
	 * pymalloc's sizes have one of the domain they are asked from and one of malloc's. */
	unsigned debug_prefixes;
};

int types_init(struct types *t, const struct py_runtime *rt, struct remote *mem);
void types_release(struct types *t);

/* A new walk: every type is checked again at its next use, counts begin at zero. */
void types_begin_walk(struct types *t);

/* Number of the type at @addr, or TYPE_NONE. */
unsigned types_at(struct types *t, uint64_t addr);

/* The same among the types seen so far only: nothing is read. */
unsigned types_known(const struct types *t, uint64_t addr);

static inline const struct py_type *types_get(const struct types *t, unsigned number)
{
	return &t->type[number];
}

/*
 * Which object is in a live block: @bytes are its first @have bytes, @size is its whole size.
 * Returns the type's number and the object's offset in the block, or TYPE_NONE for raw memory.
 */
unsigned types_identify(struct types *t, const uint8_t *bytes, size_t have, uint64_t size,
			uint32_t *offset);

/* Offset of the object in a block of this type and size; what types_identify() gave. */
static inline uint32_t types_offset(const struct types *t, unsigned number, uint64_t size)
{
	unsigned prefixes = size > POOL_BLOCK_MOST ? t->debug_prefixes : t->debug_prefixes > 0;

	return t->type[number].prefix + 16 * prefixes;
}

/* Offset in the object of the word that holds a container's size; 0 where the kind has none. */
uint32_t types_size_word(const struct types *t, const struct py_type *type);

#endif
