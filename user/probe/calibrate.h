// SPDX-License-Identifier: Apache-2.0
/*
 * What probes cost the thread that trips them, measured on this machine by tripping some of our
 * own.
 */
#ifndef PYLEAK_PROBE_CALIBRATE_H
#define PYLEAK_PROBE_CALIBRATE_H

#include "attach.h"
#include "watch.h"

/*
 * What hits take in all, by what their traps and programs do: threads that wake, other processors
 * that change code or read what the target writes. As tests/bench/budget finds: docs/overhead.md.
 */
#define HITS_BESIDE 1.25

/* ns that a watchpoint's trap takes, measured on ourselves; negative where there are none. */
double calibrate_watch_trap(void);

/*
 * CPU time that the hits of @w took from the target, ns, at @trap_ns each and the stack walk where
 * the kernel counts it (kernel.bpf_stats_enabled), else as much again.
 */
double calibrate_watch_ns(const struct watch_stats *w, double trap_ns);

/*
 * What a hit of a probe takes, ns, beside the program that is run: in the kernel, and by what it
 * leaves behind in the caches.
 */
struct trap_cost {
	double emulated_ns; /* at a function's entry, on an instruction that the kernel emulates */
	double stepped_ns;  /* on one that it has to step */
	double return_ns;   /* more for a return that is waited for */
	double watch_ns;    /* of a watchpoint; 0 where there are none to be had */
};

/* Measured by probes on functions of ours, attached as @way: takes some 10 ms. 0 or -errno. */
int calibrate_traps(enum attach_way way, struct trap_cost *out);

#endif
