// SPDX-License-Identifier: Apache-2.0
/*
 * Every collection of the target's garbage collectors: a uprobe at the collector's entry and one at
 * its return, or, where the function was not found, at the USDT probes inside it.
 *
 * Nothing in the target changes but the breakpoints, which the kernel puts into its own copies of
 * the code's pages and takes out with our file descriptors, also when we are killed; a USDT probe's
 * semaphore is counted up meanwhile.
 */
#ifndef PYLEAK_PROBE_GC_WATCH_H
#define PYLEAK_PROBE_GC_WATCH_H

#include <stdint.h>

#include "../../bpf/abi.h"
#include "../cpython/points.h"
#include "../util/err.h"

/* What a breakpoint and a return trampoline cost by themselves, for each of the two hits:
 * docs/overhead.md. */
#define GC_WATCH_TRAP_NS 730.0

struct gc_watch;

/*
 * Load and attach. @layout as py_collector_layout() left it. -EPERM (EXIT_NOT_PERMITTED),
 * -EOPNOTSUPP, -ENOENT where the collector's function was not found; @e says what was tried.
 */
int gc_watch_open(struct gc_watch **w, const struct py_runtime *rt, const struct py_points *points,
		  const struct py_unwind *unwind, const struct gc_layout *layout, struct err *e);
void gc_watch_close(struct gc_watch *w);

/* Where records go. */
struct gc_watch_sink {
	void (*collection)(void *arg, const struct gc_event *event);
	void (*sample)(void *arg, const struct gc_sample_event *event); /* where asked for */
	void *arg;
};

/*
 * Deliver collections as they end, waiting at most @timeout_ms or until a signal. Count, or -errno.
 */
int gc_watch_poll(struct gc_watch *w, int timeout_ms, const struct gc_watch_sink *sink);

/* How long samples of garbage may have taken altogether from now on. */
void gc_watch_allow(struct gc_watch *w, uint64_t sampling_ns);

/* How the place was found: "symbol", ..., "USDT". */
const char *gc_watch_place(const struct gc_watch *w);

struct gc_watch_stats {
	struct gc_totals totals[GC_GENERATIONS]; /* of all collections, reported or not */
	uint64_t bpf_ns;			 /* in the programs; 0 if not known */
	uint64_t dropped[DROP_REASONS];
	uint64_t unfinished;	       /* collections that began and have not returned */
	uint64_t oldest_unfinished_ns; /* CLOCK_MONOTONIC of the first of them */
	uint64_t sampling_ns;	       /* of bpf_ns: on samples of garbage */
};
void gc_watch_stats(struct gc_watch *w, struct gc_watch_stats *out);

#endif
