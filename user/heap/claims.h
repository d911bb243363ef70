// SPDX-License-Identifier: Apache-2.0
/*
 * What became of blocks whose addresses somebody noted: are they still allocated at the latest
 * walk, as what, and under which holder?
 */
#ifndef PYLEAK_HEAP_CLAIMS_H
#define PYLEAK_HEAP_CLAIMS_H

#include "anchors.h"
#include "heap.h"

enum claim_kind {
	CLAIM_GONE,   /* no block begins there any more */
	CLAIM_HELD,   /* hangs from one of heap->holders */
	CLAIM_LOOSE,  /* an object that nothing leads to */
	CLAIM_NATIVE, /* a malloc chunk without an object, to which no object leads */
	CLAIM_OTHER,  /* reached, but from no holder that counts; or there since the first walk */
};

struct claim {
	enum claim_kind kind;
	uint32_t holder; /* CLAIM_HELD: index into heap->holders.holder */
	unsigned type;	 /* TYPE_NONE: raw memory */
	uint32_t offset; /* of the object in the block */
	uint64_t size;	 /* usable bytes of the block */
	unsigned birth;	 /* walk that saw it first, from 1 */
	bool survivor;	 /* there at two walks */
	bool pool;	 /* pymalloc's; else a malloc chunk */
	bool tracked;	 /* by the cyclic collector */
};

struct claims {
	struct heap *heap;
	struct anchors anchors;
	uint32_t *holder; /* owned: by anchor, 1 + index of its holder; 0: not looked for yet */
	size_t holder_cap;
};

/* After heap_search(), until the next walk. 0 or -ENOMEM. */
int claims_begin(struct claims *c, struct heap *h);
void claims_end(struct claims *c);

void claims_of(struct claims *c, uint64_t address, struct claim *out);

#endif
