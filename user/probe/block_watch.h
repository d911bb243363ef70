// SPDX-License-Identifier: Apache-2.0
/*
 * Who makes the objects that stay, on builds that have pymalloc inlined into its callers: no
 * function is left to probe, but a block that is free now tells who gets it, when a debug register
 * watches a word of it that is written where an object begins.
 *
 *	pool of the size class    freeblock -> free -> free -> free ... -> never used yet
 *	                                                 ^ watched: depth 2
 *
 * What comes and goes takes the blocks at the head of the list again and again; what stays takes
 * them for good, one after the other, deeper and deeper. A block is watched from before an object
 * begins in it until that one has stayed for a while, so the last beginning seen is its own. Four
 * at a time, for a short while and some tens of writes: a write costs a trap, a microsecond on most
 * machines and fifteen on virtual ones. Everything goes with our file descriptors.
 */
#ifndef PYLEAK_PROBE_BLOCK_WATCH_H
#define PYLEAK_PROBE_BLOCK_WATCH_H

#include <stdbool.h>
#include <stdint.h>

#include "../../bpf/abi.h"
#include "../cpython/layout.h"
#include "../target/memory.h"
#include "../target/process.h"
#include "slot.h"

#define BLOCK_KINDS_MAX 8
#define BLOCK_POOL_MAX 16384 /* bytes of a pool */
#define BLOCK_COLLECTOR_HEADER 16 /* PyGC_Head, in front of the object; begins with a link */

/* Objects of a type that grows, in blocks of pymalloc's. */
struct block_kind {
	uint64_t type;	 /* its address */
	uint32_t size;	 /* of the blocks */
	uint32_t offset; /* of the object in its block */
	enum window_word word;
	uint64_t pool;	 /* one that holds such a block: through it the class's list is found */
};

struct block_watch {
	const struct process *process; /* borrowed */
	struct remote mem;
	uint32_t pool_size, ob_type, ob_refcnt;
	int program, blocks; /* window_write, window_blocks; borrowed */
	struct slot slot[WATCH_SLOTS];
	struct block_kind kind[BLOCK_KINDS_MAX];
	uint64_t list[BLOCK_KINDS_MAX]; /* entry of usedpools[]; 0: not found yet */
	uint32_t depth[BLOCK_KINDS_MAX]; /* how deep on the list blocks are chosen, at most */
	unsigned kinds, next;		 /* whose turn it is */
	unsigned kind_of[WATCH_SLOTS];	 /* of what is armed */
	unsigned armed, hits; /* writes of each that are allowed, by one thread */
	pid_t tids[SLOT_THREADS_MAX];
	uint8_t bytes[BLOCK_POOL_MAX]; /* the pool at hand */
};

/* @program and @blocks: window_write and window_blocks. */
void block_watch_init(struct block_watch *b, const struct process *p, const struct py_layout *l,
		      int program, int blocks);

/* From the next arming on these. */
void block_watch_want(struct block_watch *b, const struct block_kind *kind, unsigned count);

/*
 * Watch a free block each of the next @count kinds, which may be one kind several times, for at
 * most @hits writes a thread, on all threads that there are now. 0, also where no kind has a pool
 * with room; -errno where there is no debug register.
 */
int block_watch_arm(struct block_watch *b, unsigned count, unsigned hits);

/* The kernel counts by thread: stop what all threads together wrote @hits times. */
void block_watch_limit(struct block_watch *b);

/*
 * Call @fn with each armed block that was written as often as was allowed: what began in it since
 * is not known.
 */
void block_watch_spoilt(const struct block_watch *b, void (*fn)(void *arg, uint64_t block),
			void *arg);

/* Also learns from what was seen how deep to choose the next time. */
void block_watch_disarm(struct block_watch *b);

#endif
