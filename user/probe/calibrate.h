// SPDX-License-Identifier: Apache-2.0
/*
 * What a watchpoint costs the thread that trips it, measured on this machine by tripping some of
 * our own.
 */
#ifndef PYLEAK_PROBE_CALIBRATE_H
#define PYLEAK_PROBE_CALIBRATE_H

#include "watch.h"

/*
 * CPU time that the hits of @w took from the target, in percent of one CPU over @seconds: the trap
 * as measured on ourselves, and the stack walk where the kernel counts it
 * (kernel.bpf_stats_enabled), else as much again. Negative where it cannot be measured.
 */
double calibrate_cost_percent(const struct watch_stats *w, double seconds);

#endif
