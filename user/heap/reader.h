// SPDX-License-Identifier: Apache-2.0
/*
 * Reading the target here and there, through a cache of READER_LINES lines of 16 KiB (8 MiB at
 * most, whatever the heap's size). A line is as old as its first use, at most one search old; what
 * must be newer is read with reader_fresh(). Pages that are not in memory are not touched and read
 * as zeros.
 */
#ifndef PYLEAK_HEAP_READER_H
#define PYLEAK_HEAP_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../target/memory.h"
#include "../target/present.h"

#define READER_LINE 16384u
#define READER_LINES 512u

struct reader {
	struct remote *mem;
	struct present *present; /* NULL: every page counts as present */
	uint8_t *lines; /* owned: READER_LINES of READER_LINE bytes, mapped, used as needed */
	uint64_t *tag;	/* owned: address of each line + 1; 0: empty */
};

int reader_init(struct reader *r, struct remote *mem, struct present *present);
void reader_release(struct reader *r);

/* Forget all lines. */
void reader_drop(struct reader *r);

/* Copy @len bytes at @addr; false where they cannot be read. */
bool reader_copy(struct reader *r, uint64_t addr, void *buf, size_t len);

/* The same from the live target, not the cache. */
bool reader_fresh(struct reader *r, uint64_t addr, void *buf, size_t len);

/* A word; 0 where it cannot be read. */
uint64_t reader_word(struct reader *r, uint64_t addr);

#endif
