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
#include "calibrate.h"
#include "source.h"

/* In the order in which a budget is spent on them. */
enum window_source { WINDOW_POOLS, WINDOW_LIBC, WINDOW_PYMALLOC, WINDOW_SOURCES };

struct windows;

/*
 * Load programs and find the probes' places; nothing is attached yet. @p, @rt and @points must
 * outlive it. 0, or -errno with @e set.
 */
int windows_open(struct windows **out, const struct process *p, const struct py_runtime *rt,
		 const struct py_points *points, struct err *e);
void windows_close(struct windows *w);

/* "pools", "libc", "pymalloc"; why it has no probes, "" where it has. */
const char *windows_name(enum window_source which);
const char *windows_missing(const struct windows *w, enum window_source which);

/* All probes of the source on, or none. 0, also where it has none; -errno. */
int windows_attach(struct windows *w, enum window_source which);
void windows_detach(struct windows *w, enum window_source which);
bool windows_attached(const struct windows *w, enum window_source which);
enum attach_way windows_way(const struct windows *w);

/* The least time that a window lasts, as long as most of its probes' hits go on after detaching. */
double windows_least_ns(const struct windows *w);

/* The chance to be kept, 0..1, of each allocated byte and of each new pool. */
void windows_keep(struct windows *w, double per_byte, double pool);

/* So many samples from now on, then none: holds where we do not come to run. */
void windows_allow(struct windows *w, uint64_t samples);

struct windows_stats {
	uint64_t allocations, kept, frees, stepped, pools, pools_kept; /* as window_control */
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
