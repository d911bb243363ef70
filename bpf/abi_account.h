/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The part of abi.h, which includes it, that is about allocations.
 */
#ifndef PYLEAK_ABI_ACCOUNT_H
#define PYLEAK_ABI_ACCOUNT_H

/* What calls an allocator, and how its blocks are told apart. */
enum account_source {
	ACCOUNT_PYMALLOC = 1, /* blocks of CPython's mem and object domains */
	ACCOUNT_LIBC = 2,     /* malloc and its family, called by others than the above */
	ACCOUNT_MMAP = 3,     /* mmap, called by others than the above; of samples by malloc too */
	ACCOUNT_POOL = 4,     /* pools that pymalloc began to use: an estimate */
	ACCOUNT_INLINED = 5,  /* pymalloc's again, counted without address or size */
	ACCOUNT_BLOCK = 9,    /* and of single blocks that are watched: samples */
	/* Resources, whose keys resource_key() makes. */
	ACCOUNT_DESCRIPTOR = 6, /* file descriptors */
	ACCOUNT_THREAD = 7,	/* threads, by their ids in the innermost pid namespace */
	ACCOUNT_MAPPING = 8,	/* mappings of files and of shared memory, by their addresses */
	ACCOUNT_SOURCES = 10,	/* less than that */
};

#define ACCOUNT_FRAMES 64 /* innermost frames of a stack that tell sites apart */

/*
 * Sites that are no stack: these plus the source. A stack's number is a hash of its frames and
 * never that small.
 */
#define SITE_OVERFLOW 0x10 /* stacks for which there was no room */
#define SITE_NATIVE 0x20   /* threads without Python code */
#define SITE_STACKS 0x30   /* the least number of a stack */

/* One outstanding allocation: value of the map `live`, whose key is its address. */
struct live_block {
	__u64 size; /* as asked for */
	__u64 site;
	__u64 time_ns; /* CLOCK_MONOTONIC; 0: of memory it is not taken */
};

/*
 * Blocks, and what they stand for beyond themselves by the shift at their time: nothing before
 * `live` fills up.
 */
struct site_count {
	__u64 bytes, objects;
	__u64 more_bytes, more_objects;
};

/* Totals of a site: value of the map `sites`. */
struct site_totals {
	struct site_count put;	 /* into `live` */
	struct site_count taken; /* out of it, by programs */
};

/* Of a code object, copied while it lives; text is cut where it is longer. */
struct py_code_copy {
	__u32 name_state, file_state; /* of the str objects: only compact ASCII is copied right */
	char name[128], file[256];
};

/* A stack that is new to the map of sites: a record of the ring buffer `stacks`. */
struct stack_event {
	__u64 site;
	__u32 source; /* enum account_source */
	__u32 depth;
	__u32 truncated; /* 1: there were more frames: too many, unreadable, or without room */
	__u32 pad;
	struct py_code_copy code; /* of frame[0] */
	struct py_frame_ref frame[ACCOUNT_FRAMES];
};

/*
 * pymalloc's size classes and where their pools with room are linked: user/cpython/usedpools.h. The
 * same in every version with 64-bit pointers.
 */
#define POOL_ALIGNMENT 16
#define POOL_CLASSES 32
#define POOL_ENTRY 16 /* bytes from the entry of a class to the next class's */
#define POOL_NEXT 16  /* offset of the link in a pool's header, and in an entry */
#define POOL_PREVIOUS 24

#define PREDICTED_CHECKED 64 /* of so many blocks one, and the first so many, are waited for */

/*
 * What is known of a thread of the target, and the outermost call of an allocator it is in: value
 * of the map `threads`, whose key is the thread id. Written by its thread only.
 */
struct account_thread {
	__u64 pointer, id, state; /* of thread_state_again() */
	__u64 stack;		  /* stack pointer where the call began; 0: none in progress */
	__u64 size, result_at;	  /* bytes asked for; where the address is returned, 0: register */
	__u64 moved;		  /* what realloc may move; 0: nothing that was in `live` */
	struct live_block moved_block;
	__u64 predicted; /* what it is expected to return; 0: anything */
	__u32 source, function;
	__u32 depth;	   /* of the stack walk */
	__u32 predictions; /* in a row that were right, as far as they were checked */
	struct py_window window;
};

/*
 * What programs and user space tell each other while both run. Of 2^shift addresses one is kept;
 * programs raise the shift while `live` fills up, by up to ACCOUNT_LEVELS beyond swept_shift. User
 * space then removes from `live` what the higher shift would not have kept, and says so.
 */
struct account_control {
	__u64 live; /* entries there; added to and taken from by both */
	__u64 live_max;
	__u32 shift;	   /* only rises */
	__u32 swept_shift; /* all entries older than the latest sweep pass this one */
	__u32 stopped;	   /* 1: the process became another program, nothing counts any more */
	__u32 sites;	   /* entries that programs added there */
	__u64 hits;	   /* of probes */
	/*
	 * Entry of class 0 of usedpools[]: where it is known, small blocks are recorded when they
	 * are asked for. User space sets it, the first wrong prediction takes it away.
	 */
	__u64 usedpools;
};

#define ACCOUNT_LEVELS 6     /* raised by one each time the room left falls below 1/4, 1/8, ... */
#define ACCOUNT_SHIFT_MAX 24 /* one address of 16 million */

_Static_assert(sizeof(struct live_block) == 24, "live_block");
_Static_assert(sizeof(struct site_totals) == 64, "site_totals");
_Static_assert(sizeof(struct py_code_copy) == 392, "py_code_copy");
_Static_assert(sizeof(struct stack_event) == 24 + 392 + 16 * ACCOUNT_FRAMES, "stack_event");
_Static_assert(sizeof(struct account_thread) == 104 + sizeof(struct py_window), "account_thread");
_Static_assert(sizeof(struct account_control) == 48, "account_control");

/*
 * Is an allocation at @address kept, of 2^@shift? By a hash of the address, so that its free is
 * kept as well; what is kept at one shift and passes a higher one is a fair sample.
 */
static inline __attribute__((always_inline)) int account_keeps(__u64 address, __u32 shift)
{
	__u64 hash = (address >> 4) * 0x9e3779b97f4a7c15ULL >> 32;

	return (hash & ((1ULL << (shift & 31)) - 1)) == 0;
}

#endif
