// SPDX-License-Identifier: Apache-2.0
#include "budget.h"

#include <math.h>

#include "../probe/governor.h"
#include "../util/clock.h"

void budget_begin(struct budget *b, const struct process *p, double share)
{
	*b = (struct budget){ .process = p,
				 .share = share,
				 .began_ns = clock_ns(),
				 .cpu_began_ns = process_cpu_ns(p) };
}

double budget_cpu_ns(const struct budget *b)
{
	uint64_t cpu_ns = process_cpu_ns(b->process);

	return cpu_ns > b->cpu_began_ns ? (double)(cpu_ns - b->cpu_began_ns) : 0;
}

double budget_ns(const struct budget *b, double spent_ns, double ahead)
{
	double elapsed_ns = (double)(clock_ns() - b->began_ns);
	double cpu_ns = fmax(budget_cpu_ns(b) - spent_ns, GOVERNOR_CPU_LEAST * elapsed_ns);

	return elapsed_ns > 0 ? b->share * cpu_ns * (1 + ahead * 1e9 / elapsed_ns) : 0;
}
