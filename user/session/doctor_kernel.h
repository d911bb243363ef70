// SPDX-License-Identifier: Apache-2.0
/*
 * The part of doctor that asks the machine: what this kernel offers to whoever runs pyleak.
 */
#ifndef PYLEAK_SESSION_DOCTOR_KERNEL_H
#define PYLEAK_SESSION_DOCTOR_KERNEL_H

#include "finding.h"

void doctor_kernel(const struct page *p);

/* Of that: can functions of a process be probed, and many of them at once? */
void doctor_uprobes(const struct page *p);

#endif
