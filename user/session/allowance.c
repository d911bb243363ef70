// SPDX-License-Identifier: Apache-2.0
#include "allowance.h"

#include <math.h>

#include "../probe/governor.h"
#include "../util/clock.h"

void allowance_begin(struct allowance *a, const struct process *p, double share)
{
	*a = (struct allowance){ .process = p,
				 .share = share,
				 .began_ns = clock_ns(),
				 .cpu_began_ns = process_cpu_ns(p) };
}

double allowance_cpu_ns(const struct allowance *a)
{
	uint64_t cpu_ns = process_cpu_ns(a->process);

	return cpu_ns > a->cpu_began_ns ? (double)(cpu_ns - a->cpu_began_ns) : 0;
}

double allowance_ns(const struct allowance *a, double spent_ns, double ahead)
{
	double elapsed_ns = (double)(clock_ns() - a->began_ns);
	double cpu_ns = fmax(allowance_cpu_ns(a) - spent_ns, GOVERNOR_CPU_LEAST * elapsed_ns);

	return elapsed_ns > 0 ? a->share * cpu_ns * (1 + ahead * 1e9 / elapsed_ns) : 0;
}
