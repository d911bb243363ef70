// SPDX-License-Identifier: Apache-2.0
/*
 * Sampling of allocations, only while probes are on. A probe that is disabled still traps, so a
 * window ends by taking its probes off, which takes the kernel some 20 ms for each link: threads of
 * their own wait for that.
 *
 *	   attach                    detach
 *	------|======= window ========|---------------|=== ...
 *	      allocations -> samples, each with both stacks
 *	      frees       -> samples whose blocks are gone
 */
#ifndef PYLEAK_PROBE_WINDOWS_H
#define PYLEAK_PROBE_WINDOWS_H

#include <stdbool.h>
#include <stdint.h>

#include "../util/err.h"
#include "block_watch.h"
#include "calibrate.h"
#include "source.h"

enum window_source {
	WINDOW_MMAP, /* mappings: each large block of malloc's has one, and few else are made */
	WINDOW_LIBC,
	WINDOW_PYMALLOC,
	WINDOW_BLOCKS, /* single blocks of pymalloc's, watched: block_watch.h */
	WINDOW_SOURCES
};

struct windows;

/*
 * Load programs and find the probes' places; nothing is attached yet. @p, @rt and @points must
 * outlive it. 0, or -errno with @e set.
 */
int windows_open(struct windows **out, const struct process *p, const struct py_runtime *rt,
		 const struct py_points *points, struct err *e);
void windows_close(struct windows *w);

/* "mmap", "libc", "pymalloc", "blocks"; why it has no probes, "" where it has. */
const char *windows_name(enum window_source which);
const char *windows_missing(const struct windows *w, enum window_source which);

/* For @why, its probes never go on. Not while they are on. */
void windows_leave_out(struct windows *w, enum window_source which, const char *why);

/* All probes of the source on, or none. 0, also where it has none; -errno. */
int windows_attach(struct windows *w, enum window_source which);
void windows_detach(struct windows *w, enum window_source which);
bool windows_attached(const struct windows *w, enum window_source which);
enum attach_way windows_way(const struct windows *w);

/* The least time that a window lasts, as long as most of its probes' hits go on after detaching. */
double windows_least_ns(const struct windows *w);

/* Of what "blocks" watches some from its next window on; it has nothing to watch before. */
void windows_want(struct windows *w, const struct block_kind *kind, unsigned count);

/* So many the next window of "blocks" may watch, and so many writes of each. */
void windows_allow_blocks(struct windows *w, unsigned blocks, unsigned writes);

/* Of what "blocks" watches now, let go of what was written as often as that by all threads. */
void windows_limit_blocks(struct windows *w);

/* Samples of blocks that were written as often as that are no samples. */
void windows_forget_spoilt(struct windows *w);

/* The chance to be kept, 0..1, of each allocated byte. */
void windows_keep(struct windows *w, double per_byte);

/* So many samples from now on, then none: holds where we do not come to run. */
void windows_allow(struct windows *w, uint64_t samples);

struct windows_stats {
	/* As window_control. */
	uint64_t allocations, kept, frees, stepped, writes;
	uint64_t program_ns; /* time in our programs; 0 where the kernel cannot tell */
	uint64_t dropped[DROP_REASONS];
};
void windows_stats(const struct windows *w, struct windows_stats *out);

/* What these hits took from the target, ns, at @trap's prices. */
double windows_cost_ns(const struct windows *w, const struct windows_stats *s,
		       const struct trap_cost *trap);

/* Descriptors of maps, for sample/. */
struct windows_maps {
	int sampled, samples;
};
struct windows_maps windows_maps(const struct windows *w);

#endif
