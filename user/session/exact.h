// SPDX-License-Identifier: Apache-2.0
/*
 * --exact: every allocation, by probes on the allocators, instead of what the heap holds.
 *
 *	attach -> walk -> wait, draining -> totals -> walk -> candidates by stack
 *
 * The two walks say how much the probes saw: of the blocks that came and stayed between them, how
 * many are outstanding for the kernel side. Where CPython's allocator is inlined into its callers
 * that is little, and the estimate by new pools is reported instead.
 */
#ifndef PYLEAK_SESSION_EXACT_H
#define PYLEAK_SESSION_EXACT_H

#include "../model/report.h"
#include "../util/err.h"
#include "../util/log.h"
#include "options.h"

/* As look_run(), for that long as @o says, 10 seconds where it does not. */
int exact_run(struct report *r, pid_t pid, const struct options *o, struct log *log, struct err *e);

#endif
