// SPDX-License-Identifier: Apache-2.0
/*
 * What a look may cost its target: a share of the CPU time that the target uses meanwhile. Sampling
 * (../probe/governor.h) earns a part of it as time goes by; who stores is watched for what is left.
 */
#ifndef PYLEAK_SESSION_BUDGET_H
#define PYLEAK_SESSION_BUDGET_H

#include <stdint.h>

#include "../target/process.h"

#define BUDGET_SAMPLING 0.7 /* of the share: for sampling while it runs */
/* For stores in any case: their lines are wanted most, and a busy machine takes probes off late. */
#define BUDGET_STORES 0.15

struct budget {
	const struct process *process; /* borrowed */
	double share;		       /* of the target's CPU time */
	uint64_t began_ns, cpu_began_ns;
};

void budget_begin(struct budget *b, const struct process *p, double share);

/*
 * ns that may be spent from the beginning until @ahead seconds from now, where the target goes on
 * using as much CPU time as so far. @spent_ns: of it, what the look has cost.
 */
double budget_ns(const struct budget *b, double spent_ns, double ahead);

/* CPU time that the target used since, ns, with what it paid; 0: unknown. */
double budget_cpu_ns(const struct budget *b);

#endif
