/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The part of abi.h, which includes it, that is about collections.
 */
#ifndef PYLEAK_ABI_GC_H
#define PYLEAK_ABI_GC_H

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

_Static_assert(sizeof(struct gc_layout) == 112, "gc_layout");
_Static_assert(sizeof(struct gc_running) == 24 + 48 + 8 + GC_STATE_BYTES, "gc_running");
_Static_assert(sizeof(struct gc_outcome) == 64, "gc_outcome");
_Static_assert(sizeof(struct gc_event) ==
		       sizeof(struct gc_running) + 64 + 8 + 16 * PY_MAX_FRAMES, "gc_event");
_Static_assert(sizeof(struct gc_sample) == 16 + 32 * GC_SAMPLE_LIST, "gc_sample");
_Static_assert(sizeof(struct gc_sample_event) == 24 + 16 * GC_SAMPLE_LIST, "gc_sample_event");
_Static_assert(sizeof(struct gc_sampling) == 24, "gc_sampling");
_Static_assert(sizeof(struct gc_totals) == 64 + 8 * GC_BUCKETS, "gc_totals");

#endif
