// SPDX-License-Identifier: Apache-2.0
/*
 * Counting along with a walk: what each live block is and how many bytes it takes, summed up by
 * type, by size and by the walk that first saw it. Set tally.sink as the history's sink.
 */
#ifndef PYLEAK_HEAP_TALLY_H
#define PYLEAK_HEAP_TALLY_H

#include "shallow.h"
#include "walk.h"

#define TALLY_SIZES 40 /* class i: more than 2^(i-1) and at most 2^i bytes */

struct tally_sum {
	uint64_t objects, bytes;
};

/* Told apart from the rest; the first two are also counted under their types. */
enum tally_apart {
	TALLY_INTERNED, /* str that the interpreter keeps one of */
	TALLY_IMMORTAL, /* 3.12 and later: never freed, by their reference count */
	TALLY_KEPT,	/* free objects that their types keep for reuse, not counted under them */
	TALLY_APART,
};

struct tally {
	struct shallow shallow;
	const struct types *types;
	struct walk_sink sink;
	struct tally_sum *type; /* owned; by type number */
	uint64_t *tracked;	/* owned; by type number: tracked by the cyclic collector */
	size_t type_cap, tracked_cap, counted; /* counted: numbers below have entries */
	struct tally_sum size[TALLY_SIZES], birth[WALKS_MAX + 1], apart[TALLY_APART];
	uint64_t raw_blocks, raw_bytes; /* not objects: tables, buffers, memory of C code */
	int err;
};

/* @reader is for what lies in other blocks. Counting begins with the next walk. */
void tally_init(struct tally *t, const struct types *types, struct reader *reader);
void tally_release(struct tally *t);

/* Forget what was counted, before the next walk. */
void tally_begin(struct tally *t);

#endif
