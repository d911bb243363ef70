// SPDX-License-Identifier: Apache-2.0
/*
 * Reading a span of the target from front to back through one window of 1 MiB, so that a heap of
 * any size is walked in constant memory. Pages that are not in memory are never touched: they read
 * as zeros.
 */
#ifndef PYLEAK_HEAP_STREAM_H
#define PYLEAK_HEAP_STREAM_H

#include <stddef.h>
#include <stdint.h>

#include "../target/memory.h"
#include "../target/present.h"
#include "spans.h"

#define STREAM_WINDOW (1u << 20)

struct run {
	uint64_t start, end;
};

struct stream {
	struct remote *mem;
	struct present *present; /* NULL: the kernel does not say; every page counts as present */
	uint8_t *window;	 /* owned, STREAM_WINDOW bytes */
	uint64_t start, end;	 /* what of the target is in it */
	uint64_t limit;		 /* end of the span */
	struct run *run;	 /* owned: present parts of the span, in order */
	size_t runs, run_cap;
	uint64_t swapped_bytes; /* skipped because they are in swap, all spans so far */
};

int stream_init(struct stream *s, struct remote *mem, struct present *present);
void stream_release(struct stream *s);

/* Begin a span: finds its present runs. 0 or -errno. */
int stream_begin(struct stream *s, const struct span *span);

/*
 * @len bytes (at most half a window) at @addr of the span, NULL outside it. Valid until the next
 * call. The window moves forward by itself.
 */
const uint8_t *stream_at(struct stream *s, uint64_t addr, size_t len);

/* The same, but these bytes' pages (and no others: what changes under us may be torn at every step)
 * are read anew. */
const uint8_t *stream_again(struct stream *s, uint64_t addr, size_t len);

/* Bytes of [@from, @to) of the span that are in memory. */
uint64_t stream_present(const struct stream *s, uint64_t from, uint64_t to);

#endif
