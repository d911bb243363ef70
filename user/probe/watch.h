// SPDX-License-Identifier: Apache-2.0
/*
 * Hardware watchpoints on words of the target: every write to a watched word yields the Python
 * stack that wrote it.
 *
 * A CPU has four debug registers (x86), so four words at a time, on every thread; the kernel itself
 * stops a watch after its hit limit, but for WATCH_NEW_THREADS. Nothing in the target changes: the
 * registers belong to its threads' kernel state and go away with our file descriptors, also when we
 * are killed.
 */
#ifndef PYLEAK_PROBE_WATCH_H
#define PYLEAK_PROBE_WATCH_H

#include <stdint.h>
#include <sys/types.h>

#include "../../bpf/abi.h"
#include "../target/process.h"
#include "../util/err.h"

struct watch;

/* Load the programs for one target. -EPERM, -EOPNOTSUPP, ... with @e saying what is missing. */
int watch_open(struct watch **w, const struct process *p, const struct py_unwind *unwind,
	       struct err *e);
void watch_close(struct watch *w);

enum watch_how {
	WATCH_INCREASE = 1, /* report only writes that leave a larger value (signed) than before */
	WATCH_NEW_THREADS = 2, /* threads that start later at once, where the kernel can */
	WATCH_TOGETHER = 4, /* @max_hits writes of all threads together end the watch too */
};

/*
 * Watch the 8-byte aligned word at @addr in @slot (0..WATCH_SLOTS-1) on all threads, those started
 * later too from the next poll on, for at most @max_hits writes a thread. @how: of enum watch_how.
 * With WATCH_NEW_THREADS or WATCH_TOGETHER poll ends the watch after @max_hits writes of them all.
 * 0 when at least one thread is watched; -EEXIST where another slot watches that word;
 * -EACCES/-EOPNOTSUPP/-ENOSPC/... when no thread can be watched.
 */
int watch_arm(struct watch *w, unsigned slot, uint64_t addr, unsigned how, unsigned max_hits);
void watch_disarm(struct watch *w, unsigned slot);

/* Writes that an armed slot has seen. */
uint64_t watch_hits(const struct watch *w, unsigned slot);

/*
 * Deliver events, waiting at most @timeout_ms or until a signal. Events of a slot's earlier armings
 * are not delivered. Count, or -errno.
 */
int watch_poll(struct watch *w, int timeout_ms, void (*fn)(void *arg, const struct watch_event *ev),
	       void *arg);

struct watch_stats {
	uint64_t hits;	 /* writes seen by the kernel side, reported or not */
	uint64_t bpf_ns; /* time spent in the programs, 0 if run-time statistics are off */
	uint64_t dropped[DROP_REASONS];
	unsigned threads_watched, threads_missed; /* at the latest arming */
};
void watch_stats(struct watch *w, struct watch_stats *out);

#endif
