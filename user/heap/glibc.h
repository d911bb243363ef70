// SPDX-License-Identifier: Apache-2.0
/*
 * glibc malloc's chunks: main heap, thread arenas, mapped chunks; live or free.
 *
 *   chunk  +0 prev_size   +8 size | flags   +16 what malloc() returned        malloc/malloc.c,
 * struct malloc_chunk flags: 1 PREV_INUSE (the chunk before is in use), 2 IS_MMAPPED, 4
 * NON_MAIN_ARENA in use = PREV_INUSE of the next chunk, less those on tcache and fastbin lists,
 * which keep that bit.
 *
 * malloc_state and tcache are private to glibc and differ by version; what is known of which is a
 * table in glibc.c. A libc that is not in it (musl, a newer glibc) is walked without free lists:
 * freed small chunks then count as live, and glibc.unknown says so.
 */
#ifndef PYLEAK_HEAP_GLIBC_H
#define PYLEAK_HEAP_GLIBC_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "walk.h"

#define GLIBC_ARENAS_MAX 1024

struct glibc_shape;

struct glibc {
	int minor;			 /* 36 is glibc 2.36; 0: no glibc found */
	const struct glibc_shape *shape; /* NULL: unknown version */
	uint64_t main_state;		 /* malloc_state of the main arena, 0: not found */
	char libc[64];			 /* file name of the C library */
};

/* Find the C library of the target and the main arena in its data. Never fails: what is not found
 * stays 0. */
void glibc_find(struct glibc *g, pid_t pid, struct remote *mem);

/* The span of the main heap. */
void glibc_walk_brk(struct walk *w, const struct span *span);

/* Is there a thread arena's heap at @addr (64 MiB aligned)? Then walk it and return its end, else
 * 0. */
uint64_t glibc_walk_arena(struct walk *w, uint64_t addr);

/* Is there a chunk with a mapping of its own at @addr (page aligned)? Then report it and return its
 * end, else 0. */
uint64_t glibc_walk_mapped(struct walk *w, uint64_t addr);

#endif
