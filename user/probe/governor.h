// SPDX-License-Identifier: Apache-2.0
/*
 * How much observation a budget allows: an account on which the target's CPU time pays in and every
 * hit of a probe is drawn from. Pure: no clock, no target.
 *
 *	balance   ^          .-- enough for a window as dear as the last one: it opens
 *	          |      ../|      /|
 *	          |   ../   |   ../ |       what is saved is limited, so that a busy second
 *	        0 +../------|../----|--     does not pay for a busier one
 *	                     '- empty: probes come off
 */
#ifndef PYLEAK_PROBE_GOVERNOR_H
#define PYLEAK_PROBE_GOVERNOR_H

#include <stdbool.h>
#include <stdint.h>

#define GOVERNOR_SOURCES 4
/* Of a CPU: who uses less counts as using that much. */
#define GOVERNOR_CPU_LEAST 0.05

/* What was counted up to a moment, all from the beginning. */
struct governor_totals {
	uint64_t now_ns;
	uint64_t allocations, kept;
	double cpu_ns;	   /* of the target, with what probes took */
	double cost_ns;	   /* that probes took; program_ns of it in our programs */
	double program_ns;
};

struct governor {
	double share; /* of the target's CPU time that may be spent */
	double window_ns;
	double balance_ns, most_ns; /* in the account; what may be saved */
	double cpu_rate;	    /* CPU time of the target each ns, lately */
	/* Cost each ns while the source is on, when it was last; negative: not tried yet. */
	double rate[GOVERNOR_SOURCES];
	/* And over a longer time on, @on_ns at most: what is rare comes in bursts, and is cheap. */
	double steady[GOVERNOR_SOURCES], on_ns[GOVERNOR_SOURCES];
	double chance; /* see windows_keep() */
	double kept_ns;		    /* what a sample costs in our programs, lately */
	double after_ns;	    /* what still comes once probes are to come off, lately */
	bool closed;		    /* they are, since the latest account */
	struct governor_totals last, chosen; /* at the latest account, and choice of chances */
};

/* @window_ns: how long a window is at least, with what taking its probes off takes. */
void governor_init(struct governor *g, double share, double window_ns,
		   const struct governor_totals *start);

/*
 * Take note of what came since. @newest: the source whose probes were put on last and were on all
 * that time; negative: none, or that changed.
 */
void governor_account(struct governor *g, const struct governor_totals *t, int newest);

/* May the source's probes go on now? */
bool governor_opens(const struct governor *g, int source);
/* How many samples are affordable until the next account. */
uint64_t governor_samples(const struct governor *g);

/* Must probes come off, those of @source first? Not of one that pays for itself. */
bool governor_closes(const struct governor *g, int source);

/* They come off, before the next account. */
void governor_closed(struct governor *g);

#endif
