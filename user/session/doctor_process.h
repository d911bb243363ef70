// SPDX-License-Identifier: Apache-2.0
/*
 * The part of doctor that asks one process: what it is, and what pyleak can see in it.
 */
#ifndef PYLEAK_SESSION_DOCTOR_PROCESS_H
#define PYLEAK_SESSION_DOCTOR_PROCESS_H

#include <sys/types.h>

#include "../cpython/runtime.h"
#include "../target/memory.h"
#include "../target/process.h"
#include "../util/err.h"
#include "finding.h"

/* 0, or -errno with @e set where the process cannot be looked at. */
int doctor_process(const struct page *p, pid_t pid, struct err *e);

/* Of that: which of CPython's functions can be probed, and how each was found. */
void doctor_points(const struct page *page, const struct py_runtime *rt, const struct process *p,
		   struct remote *mem);

#endif
