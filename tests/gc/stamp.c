// SPDX-License-Identifier: Apache-2.0
/*
 * A callback for gc.callbacks that costs next to nothing: target.py calls it through ctypes, as its
 * first and its last callback, so that what Python code takes to note a collection is not in the
 * time between.
 */
#include <stddef.h>
#include <time.h>

#define STAMPS 65536

struct stamp {
	long long before_ns, cpu_ns, after_ns; /* cpu: processor time of the thread */
};

struct stamp stamps[STAMPS];
unsigned stamped;

static long long now(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return t.tv_sec * 1000000000LL + t.tv_nsec;
}

void stamp(void *phase, void *info)
{
	struct stamp *s = &stamps[stamped % STAMPS];

	(void)phase;
	(void)info;
	s->before_ns = now(CLOCK_MONOTONIC);
	s->cpu_ns = now(CLOCK_THREAD_CPUTIME_ID);
	s->after_ns = now(CLOCK_MONOTONIC);
	stamped++;
}
