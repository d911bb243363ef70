/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The contract between the BPF programs and user space: the only header both worlds include.
 * Fixed-width types only (vmlinux.h or linux/types.h must come first or be includable); every size
 * is asserted. Ids are append-only.
 */
#ifndef PYLEAK_ABI_H
#define PYLEAK_ABI_H

#ifndef __VMLINUX_H__
#include <linux/types.h>
#endif

#define PY_MAX_FRAMES 128
#define WATCH_SLOTS 4 /* x86 debug registers */

/*
 * What the stack walker must know of one CPython build: filled by py_runtime_unwind() from a
 * verified layout. Offsets are bytes; a frame's header is read whole, so every fr_* offset is below
 * PY_FRAME_HEADER.
 */
#define PY_FRAME_HEADER 128

enum py_thread_by {
	PY_THREAD_BY_TSS = 1,	 /* pthread key at runtime + rt_autotsskey */
	PY_THREAD_BY_NATIVE = 2, /* search the lists: native_thread_id is the namespace's tid */
	PY_THREAD_BY_FSBASE = 3, /* search the lists: thread_id is fs base (pthread_self) */
};

struct py_unwind {
	__u64 runtime;
	__u32 tgid;	   /* in the initial pid namespace */
	__u32 thread_by;   /* enum py_thread_by: tried first; the lists are the fallback */
	__u32 tss_key;	   /* value of the pthread key; PY_THREAD_BY_TSS */
	__u32 fallback_by; /* PY_THREAD_BY_NATIVE or PY_THREAD_BY_FSBASE */
	__u32 rt_interpreters_head, is_threads_head, is_next;
	__u32 ts_next, ts_thread_id; /* ts_thread_id: the field the fallback compares */
	__u32 ts_frame;		     /* of the current frame, or of the cframe when has_cframe */
	__u32 has_cframe, cf_current_frame;
	__u32 fr_code, fr_previous, fr_instr, fr_owner;
	__u32 instr_is_int;   /* 3.8-3.10: 32-bit f_lasti */
	__u32 skip_owner_min; /* skip frames with owner >= this; 0xffffffff: fr_owner is not read */
	__u32 fr_is_entry;    /* 3.11: a byte, 1 where C called; 0xffffffff: not read */
	__u32 co_name, co_filename; /* str objects; co_name is the qualified one where there is */
	__u32 us_state, us_ascii_data;
};

struct py_frame_ref {
	__u64 code;  /* address of the code object, tag bits removed */
	__u64 instr; /* as the frame holds it; py_code_line() turns it into a line */
};

/* One write to a watched word. Variable length: user space sees depth frames. */
struct watch_event {
	__u64 time_ns; /* CLOCK_MONOTONIC */
	__u64 value;   /* of the word after the write */
	__u32 tid;
	__u32 slot;
	__u32 generation; /* of the arming: tells late events of an earlier watch apart */
	__u32 depth;
	__u32 truncated; /* 1: more frames than PY_MAX_FRAMES */
	__u32 pad;
	struct py_frame_ref frame[PY_MAX_FRAMES];
};

/* One watched word: value of the map of slots. */
struct watch_word {
	__u64 address;
	__u64 last; /* value after the latest write; user space sets it before arming */
	__u64 hits; /* writes since arming, reported or not */
	__u32 generation;
	__u32 only_increase; /* report only writes that leave a larger value, compared as signed */
};

/* Why the kernel side gave something up; every give-up is counted under its reason. */
enum drop_reason {
	DROP_NO_THREAD = 0, /* no Python thread state for this thread */
	DROP_RINGBUF_FULL = 1,
	DROP_BAD_FRAME = 2,   /* a frame could not be read; the stack up to there was kept */
	DROP_DEPTH = 3,	      /* more frames than PY_MAX_FRAMES */
	DROP_WORD_UNREAD = 4, /* the watched word could not be read */
	DROP_LIVE_FULL = 5,   /* an allocation found no room */
	DROP_SITES_FULL = 6,  /* a new stack found no room: counted by its innermost line alone */
	DROP_CALL_LOST = 7,   /* a function was entered, its return not seen */
	DROP_THREADS_FULL = 8, /* no room to remember a call in progress */
	DROP_GC_STATE = 9,    /* the collector's state could not be read */
	DROP_GC_FULL = 10,    /* more collections ran at once than the map has room for */
	DROP_GC_SAMPLE = 11,  /* a sample of garbage found no room */
	DROP_REASONS = 16,
};

/*
 * Where a collection is seen from, filled by py_collector_layout(). Offsets from the collector's
 * state; those that a version lacks are GC_ABSENT.
 */
#define GC_GENERATIONS 3
#define GC_ABSENT 0xffffffffu

struct gc_layout {
	__u64 state;	/* address of the only state there is (3.8); 0: one an interpreter */
	__u64 min_pause_ns; /* shorter pauses are counted, and not reported one by one */
	__u32 ts_interp, is_gc;
	__u32 thread_in_argument; /* 1: the first argument is the PyThreadState */
	__u32 reason_in_argument; /* 1: the third is a _PyGC_Reason (3.13+) */
	__u32 enabled, generations, generation_size, threshold, count;
	__u32 long_lived_total, long_lived_pending, heap_size;
	__u32 stats;		/* of the statistics, or of a pointer to them */
	__u32 stats_by_pointer; /* 1: a pointer (3.15) */
	/*
	 * For each generation, from the start of the statistics: its first item, and in 3.15 the
	 * index byte of the ring that its items are in. An item has three words in a row at
	 * stats_collections: collections, collected, uncollectable.
	 */
	__u32 stats_first[GC_GENERATIONS], stats_index[GC_GENERATIONS];
	__u32 stats_size, stats_collections;
	__u32 stack_pointer_change; /* from the probe at the start to the one at the end */
	/*
	 * Sample the garbage: after a sample that took n ns, the next comes about n times this
	 * later. 0: never.
	 */
	__u32 sample_rest;
};

struct gc_stat {
	__s64 collections, collected, uncollectable;
};

/* What a thread did and waited for up to a moment; differences count. */
struct gc_clock {
	__u64 exec_start_ns, run_ns; /* se.exec_start, se.sum_exec_runtime */
	__u64 queue_ns;		     /* sched_info.run_delay: runnable, without a CPU */
	__u64 minor_faults, major_faults;
	__u64 cpu; /* whose clock exec_start_ns is of: they differ */
};

/*
 * The start of the collector's state is copied as it is: one read for the generations, counters and
 * statistics of every version. What is in it, py_collector_parse() says.
 */
#define GC_STATE_BYTES 240

/* A collection that runs: value of the map of them, key struct gc_key. */
struct gc_key {
	__u64 stack_pointer; /* at the collector's entry: tells nested ones apart */
	__u32 tid;
	__u32 pad;
};

struct gc_running {
	__u64 start_ns; /* CLOCK_MONOTONIC */
	__u64 state;
	__u64 thread_state; /* 0: not looked up at entry */
	struct gc_clock clock;
	__u8 index[4]; /* of the newest item of each generation's statistics, where in rings */
	__u32 reason;  /* GC_ABSENT: not passed */
	__u64 bytes[GC_STATE_BYTES / 8];
};

/* What came of it. */
struct gc_outcome {
	__u64 pause_ns;
	__u64 off_ns;	/* of the pause: not on a CPU */
	__u64 queue_ns; /* of that: waiting for one */
	__u64 minor_faults, major_faults;
	__s64 collected, uncollectable;
	__u32 generation;
	__u32 tid; /* in the initial pid namespace */
};

/* One collection that ended. Variable length: user space sees depth frames. */
struct gc_event {
	struct gc_running before;
	struct gc_outcome outcome;
	__u32 depth;
	__u32 truncated; /* 1: more frames than PY_MAX_FRAMES */
	struct py_frame_ref frame[PY_MAX_FRAMES];
};

/*
 * Which types make the garbage. Of the lists of the two young generations some objects are noted
 * before a collection, GC_SAMPLE_LIST in a row from a place chosen by chance, and looked at again
 * after it. The list of the oldest is not touched: it may have millions.
 */
#define GC_SAMPLE_LISTS 2
#define GC_SAMPLE_LIST 64
#define GC_SAMPLE_WALK 1024 /* how far from a list's start a sample may begin */

/* Between the two: value of the map of samples, key struct gc_key. */
struct gc_sample {
	__u64 spent_ns;
	__u32 count[GC_SAMPLE_LISTS];
	__u64 object[GC_SAMPLE_LISTS * GC_SAMPLE_LIST]; /* addresses of PyGC_Head */
	__u64 type[GC_SAMPLE_LISTS * GC_SAMPLE_LIST];
};

/* What became of it: a record of the ring buffer of them. */
struct gc_sample_event {
	__s64 collected;
	__u32 generation;
	__s32 young; /* objects in the youngest list, as the collector counts them */
	__u32 count[GC_SAMPLE_LISTS];
	__u64 type[GC_SAMPLE_LISTS * GC_SAMPLE_LIST]; /* bit 0: the object is gone */
};

/*
 * When to sample: one for all of the target's collectors. User space raises allowed_ns as the
 * target uses the CPU; programs write the others.
 */
struct gc_sampling {
	__u64 allowed_ns; /* for samples, since we began */
	__u64 spent_ns;	  /* on samples so far */
	__u64 next_ns;	  /* no sample before */
};

/*
 * Pauses of one generation, of all lengths. Bucket of a pause of n ns: n below 8, else 8 for each
 * power of two: (log2(n) - 2) * 8 + the three bits behind the leading one.
 */
#define GC_BUCKET_BITS 3
#define GC_BUCKETS 320 /* up to 2^42 ns, more than an hour */

struct gc_totals {
	__u64 count, pause_ns, max_ns, min_ns;
	__u64 off_ns, queue_ns;
	__s64 collected, uncollectable;
	__u64 bucket[GC_BUCKETS];
};

/*
 * Allocations. What calls an allocator, and how its blocks are told apart.
 */
enum account_source {
	ACCOUNT_PYMALLOC = 1, /* blocks of CPython's mem and object domains */
	ACCOUNT_LIBC = 2,     /* malloc and its family, called by others than the above */
	ACCOUNT_MMAP = 3,     /* mmap, called by others than the above */
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
	__u64 time_ns; /* CLOCK_MONOTONIC */
};

/*
 * Totals of a site: value of the map `sites`. in_use counts what is in `live`; the others are
 * scaled to all allocations, by the shift at their time.
 */
struct site_totals {
	__u64 in_use_bytes, in_use_objects;
	__u64 allocated_bytes, allocated_objects;
	__u64 freed_bytes, freed_objects;
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
 * What is known of a thread of the target, and the outermost call of an allocator it is in: value
 * of the map `threads`, whose key is the thread id. Written by its thread only.
 */
struct account_thread {
	__u64 pointer, id, state; /* of thread_state_again() */
	__u64 stack;		  /* stack pointer where the call began; 0: none in progress */
	__u64 size, result_at;	  /* bytes asked for; where the address is returned, 0: register */
	__u64 moved;		  /* what realloc may move; 0: nothing that was in `live` */
	struct live_block moved_block;
	__u32 source, function;
	__u32 depth, pad; /* of the stack walk */
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
};

#define ACCOUNT_LEVELS 6     /* raised by one each time the room left falls below 1/4, 1/8, ... */
#define ACCOUNT_SHIFT_MAX 24 /* one address of 16 million */

/*
 * What a thread's C and Python stacks were at one moment. User space unwinds the copy of the native
 * stack, whose frames no kernel can follow without frame pointers.
 *
 *	stack_start		 sp				   stack_start + stack_size
 *	| dead bytes		 | innermost frame, its caller, ...  |
 */
#define NATIVE_STACK_BYTES 16384
#define NATIVE_CHUNK 1024 /* copied at once; divides a page, so that none is mapped in part */
#define NATIVE_RETURNS 8

/* A return address that a return probe has replaced on the stack, for the time of the call. */
struct native_return {
	__u64 stack;   /* where on the stack */
	__u64 address; /* what was there */
};

/* entry[] of a frame whose caller is C, where no address is known. */
#define NATIVE_ENTRY_SOMEWHERE 1

struct native_snapshot {
	__u64 time_ns; /* CLOCK_MONOTONIC */
	__u64 cookie;  /* of whoever asked for it: what the stacks belong to */
	__u64 ip, sp, bp;
	__u64 stack_start; /* address of stack[0]: sp rounded down to NATIVE_CHUNK */
	__u32 stack_size;  /* bytes copied, up to memory that is not there */
	__u32 tid;
	__u32 depth;	   /* of the Python stack */
	__u32 truncated;   /* 1: more Python frames than PY_MAX_FRAMES, or unreadable ones */
	__u32 returns;	   /* return probes under way; the innermost NATIVE_RETURNS are there */
	__u32 pad;
	struct native_return replaced[NATIVE_RETURNS];
	struct py_frame_ref frame[PY_MAX_FRAMES];
	/*
	 * Who called frame[i]: 0, Python code, which the same run of the interpreter loop goes on
	 * with. Otherwise C did, and the loop that runs the frame keeps something at this address,
	 * in its own native frame; or it is NATIVE_ENTRY_SOMEWHERE.
	 */
	__u64 entry[PY_MAX_FRAMES];
	__u8 stack[NATIVE_STACK_BYTES];
};

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
	__u8 pad[2];
};

/* The call of which the return is waited for: value of `window_threads`, key: thread id. */
struct window_thread {
	__u64 stack; /* stack pointer where it began; 0: none */
	__u64 size, result_at;
	__u64 chance; /* that it was kept, of WINDOW_CERTAIN */
	__u64 site;   /* key of `window_sites`; 0: none */
	__u32 source, pad;
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

_Static_assert(sizeof(struct py_frame_ref) == 16, "py_frame_ref");
_Static_assert(sizeof(struct gc_layout) == 112, "gc_layout");
_Static_assert(sizeof(struct gc_running) == 24 + 48 + 8 + GC_STATE_BYTES, "gc_running");
_Static_assert(sizeof(struct gc_outcome) == 64, "gc_outcome");
_Static_assert(sizeof(struct gc_event) ==
		       sizeof(struct gc_running) + 64 + 8 + 16 * PY_MAX_FRAMES, "gc_event");
_Static_assert(sizeof(struct gc_sample) == 16 + 32 * GC_SAMPLE_LIST, "gc_sample");
_Static_assert(sizeof(struct gc_sample_event) == 24 + 16 * GC_SAMPLE_LIST, "gc_sample_event");
_Static_assert(sizeof(struct gc_sampling) == 24, "gc_sampling");
_Static_assert(sizeof(struct gc_totals) == 64 + 8 * GC_BUCKETS, "gc_totals");
_Static_assert(sizeof(struct native_snapshot) ==
		       72 + 16 * NATIVE_RETURNS + 24 * PY_MAX_FRAMES + NATIVE_STACK_BYTES,
	       "native_snapshot");
_Static_assert(sizeof(struct watch_word) == 32, "watch_word");
_Static_assert(sizeof(struct watch_event) == 40 + 16 * PY_MAX_FRAMES, "watch_event");
_Static_assert(sizeof(struct live_block) == 24, "live_block");
_Static_assert(sizeof(struct site_totals) == 48, "site_totals");
_Static_assert(sizeof(struct py_code_copy) == 392, "py_code_copy");
_Static_assert(sizeof(struct stack_event) == 24 + 392 + 16 * ACCOUNT_FRAMES, "stack_event");
_Static_assert(sizeof(struct account_thread) == 96, "account_thread");
_Static_assert(sizeof(struct account_control) == 32, "account_control");

/*
 * Is an allocation at @address kept, of 2^@shift? By a hash of the address, so that its free is
 * kept as well; what is kept at one shift and passes a higher one is a fair sample.
 */
static inline __attribute__((always_inline)) int account_keeps(__u64 address, __u32 shift)
{
	__u64 hash = (address >> 4) * 0x9e3779b97f4a7c15ULL >> 32;

	return (hash & ((1ULL << (shift & 31)) - 1)) == 0;
}

#include "abi_lifecycle.h"
#include "abi_resources.h"

#endif
