// SPDX-License-Identifier: Apache-2.0
/*
 * The parts of the target's address space that can hold Python objects or pointers to them: private
 * writable maps.
 */
#ifndef PYLEAK_HEAP_SPANS_H
#define PYLEAK_HEAP_SPANS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "../target/memory.h"

enum span_kind {
	SPAN_ANON,  /* mmap: pymalloc arenas, glibc's thread arenas and large chunks */
	SPAN_BRK,   /* [heap]: glibc's main arena */
	SPAN_DATA,  /* .data of an image */
	SPAN_BSS,   /* the anonymous rest of an image behind its SPAN_DATA */
	SPAN_STACK, /* of the main thread */
};

struct span {
	uint64_t start, end;
	enum span_kind kind;
	char image[48]; /* file name of the image, of SPAN_DATA and SPAN_BSS */
};

struct spans {
	struct span *span; /* owned, ordered, not overlapping; neighbours of kind SPAN_ANON or
			      SPAN_BRK are merged */
	size_t count;
	uint64_t lo, hi; /* all of them lie in [lo, hi) */
};

/* 0, or -errno of maps_read(). Release with spans_release(). */
int spans_read(struct spans *s, struct remote *mem);
void spans_release(struct spans *s);
/* Can allocators have put blocks there? */
static inline bool spans_hold_blocks(const struct span *span)
{
	return span->kind == SPAN_ANON || span->kind == SPAN_BRK;
}

const struct span *spans_find(const struct spans *s, uint64_t addr);

#endif
