// SPDX-License-Identifier: Apache-2.0
/*
 * Samples of allocations during a look, in a thread of its own: it puts probes on and takes them
 * off as the budget allows, and names stacks as they come. What it cannot do it says in
 * sampling_end.why; a look goes on without samples.
 */
#ifndef PYLEAK_SESSION_SAMPLING_H
#define PYLEAK_SESSION_SAMPLING_H

#include "../cpython/runtime.h"
#include "../probe/windows.h"
#include "../sample/samples.h"

struct sampling;

/* @budget: share of the target's CPU time. 0 or -errno. @p and @rt must outlive it. */
int sampling_start(struct sampling **out, const struct process *p, const struct py_runtime *rt,
		   double budget);

/* Must blocks be watched to sample objects of kinds? Else their allocators are probed. */
bool sampling_wants(const struct sampling *s);

/* Kinds of objects that grow, to be sampled so. @lost: nobody holds them. */
void sampling_want(struct sampling *s, const struct block_kind *kind, unsigned count, bool lost);

/* Take all probes off, for good; NULL is allowed. The samples stay. */
void sampling_stop(struct sampling *s);
void sampling_free(struct sampling *s);

/* After sampling_stop(): CPU time that the target paid for it, ns. */
double sampling_cost_ns(const struct sampling *s);

/* After sampling_stop(); NULL where there are none. */
struct samples *sampling_samples(struct sampling *s);

/* What was on for how long, and what it cost. */
struct sampling_end {
	char why[160]; /* why there are no samples at all, "" where there may be */
	char missing[WINDOW_SOURCES][160]; /* why a source has no probes, "" where it has */
	double on[WINDOW_SOURCES];	   /* share of the time that its probes were on */
	unsigned windows;		   /* how often probes went on */
	struct windows_stats hits;
	struct samples_loss loss;
};
void sampling_end(const struct sampling *s, struct sampling_end *out); /* NULL: there was none */

#endif
