// SPDX-License-Identifier: Apache-2.0
/*
 * "pyleak doctor": what works on this kernel and for one process, found by trying it, and what to
 * do about what does not.
 *
 *	this kernel: Linux 6.1.0-18-amd64 x86_64
 *	  ok       BPF programs        loaded and checked by the kernel
 *	  missing  watchpoints         perf_event_open: no hardware breakpoints
 *	                               do: a virtual machine may hide the debug registers; ...
 */
#ifndef PYLEAK_SESSION_DOCTOR_H
#define PYLEAK_SESSION_DOCTOR_H

#include <stdbool.h>
#include <stdio.h>
#include <sys/types.h>

#include "../util/err.h"

/*
 * Print what was found to @out, in at most 80 columns; with @pid other than 0 of that process too.
 * 0, also where much is missing; -errno with @e set where the process cannot be looked at (what was
 * found until then is printed).
 */
int doctor_run(FILE *out, pid_t pid, bool color, struct err *e);

#endif
