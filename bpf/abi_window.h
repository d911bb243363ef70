/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The part of abi.h, which includes it, that is about samples of allocations.
 */
#ifndef PYLEAK_ABI_WINDOW_H
#define PYLEAK_ABI_WINDOW_H

/*
 * Windows: samples of allocations while probes are on. How a probed function is called: value of
 * the map `window_calls`, whose key is the address of the probe. Arguments count from 1; 0: none.
 */
struct window_call {
	__u32 source;	  /* enum account_source */
	__u32 size_most;  /* larger allocations are another source's; 0: none is */
	__u8 allocates;	  /* 0: it only frees */
	__u8 size_at, count_at; /* bytes asked for: the product */
	__u8 block_at;	  /* what it frees, or moves and so frees */
	__u8 result_at;	  /* where it puts the address; 0: it returns it */
	__u8 stepped;	  /* 1: the probe's instruction is not emulated */
	__u8 header;	  /* so many bytes into what it is about the block begins */
	__u8 pad;
};

/* The call of which the return is waited for: value of `window_threads`, key: thread id. */
struct window_thread {
	__u64 stack; /* stack pointer where it began; 0: none */
	__u64 size, result_at;
	__u64 chance; /* that it was kept, of WINDOW_CERTAIN */
	__u64 site;   /* key of `window_sites`; 0: none */
	__u32 source, header;
};

/* A sample whose block was not seen freed: value of the map `sampled`, whose key is its address. */
struct window_block {
	__u64 time_ns; /* of its snapshot */
	__u64 site;
};

/*
 * What became of samples from one call of an allocator, by its return address and the size's power
 * of two: value of the map `window_sites`. Where nearly all were soon freed, fewer are kept from
 * then on, which stand for more.
 */
struct window_site {
	__u64 kept, freed;
};

#define WINDOW_SITE_KEPT 2   /* samples that say something */
#define WINDOW_SITE_STAYED 8 /* where fewer than one in so many stayed ... */
#define WINDOW_SITE_SHIFT 4  /* ... one in 2^this is kept */

#define WINDOW_CERTAIN (1ULL << 32)
/* The chance is chance_per_byte times the size and so many bytes: small blocks count as well. */
#define WINDOW_SIZE_LEAST 64
#define WINDOW_SIZE_MOST (1ULL << 30) /* larger ones count as that large */

/* User space chooses the chance; programs count. */
struct window_control {
	__u64 chance_per_byte; /* of WINDOW_CERTAIN; at least 1 */
	__u64 kept_most;       /* no more are kept beyond so many in all */
	/* Hits: calls that allocate, those of them kept, calls that only free; of all, stepped. */
	__u64 allocations, kept, frees, stepped;
	__u64 writes;		 /* more hits: of watchpoints, on blocks */
};

/*
 * Where a build has pymalloc inlined no function tells who is handed a block, but the block itself
 * does: a word of it is watched that is written when an object of the type that grows begins there.
 * Which word depends on whether dead objects of the type are kept in a free list, whole.
 */
enum window_word {
	WINDOW_WORD_TYPE,  /* ob_type, where none are kept: one write for each object */
	WINDOW_WORD_LINK,  /* the collector's, which tracks an object when it is made */
	WINDOW_WORD_COUNT, /* ob_refcnt: from 0, or what links a free block, to 1 */
};

/* Value of `window_blocks`; key: slot of the watchpoint. */
struct window_watched {
	__u64 word;	/* watched; 0: nothing */
	__u64 last;	/* what was there */
	__u64 block, size;
	__u64 type_at, type; /* where an object of the type has it, and what */
	__u64 count_at; /* where it has its reference count */
	__u32 kind;	/* enum window_word */
	__u32 writes;	/* so far */
};

#define WINDOW_RING (1 << 20) /* bytes of the ring buffer */

/* One kept allocation: a record of the ring buffer `window_samples`. */
struct window_sample {
	__u64 size;	    /* as asked for; 0 where the source does not say */
	__u64 chance;	    /* that it was kept, of WINDOW_CERTAIN */
	__u32 source, pad;  /* enum account_source */
	struct native_snapshot stacks; /* cookie: the address; time_ns: its value in `sampled` */
};

_Static_assert(sizeof(struct window_call) == 16, "window_call");
_Static_assert(sizeof(struct window_thread) == 48, "window_thread");
_Static_assert(sizeof(struct window_block) == 16, "window_block");
_Static_assert(sizeof(struct window_site) == 16, "window_site");
_Static_assert(sizeof(struct window_watched) == 64, "window_watched");
_Static_assert(sizeof(struct window_control) == 56, "window_control");
_Static_assert(sizeof(struct window_sample) == 24 + sizeof(struct native_snapshot),
	       "window_sample");

#endif
