// SPDX-License-Identifier: Apache-2.0
/*
 * A callback for gc.callbacks that costs next to nothing: target.py makes a built-in function of it
 * (PyCFunction_NewEx), its first and its last callback, so that what Python code takes to note a
 * collection is not in the time between. Built without any Python's headers, for all of them.
 */
#include <stddef.h>
#include <sys/types.h>
#include <time.h>

#define STAMPS 65536

struct stamp {
	long long before_ns, cpu_ns, after_ns; /* cpu: processor time of the thread */
};

struct stamp stamps[STAMPS];
unsigned stamped;
void (*incref)(void *object); /* Py_IncRef() */

static long long now(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return t.tv_sec * 1000000000LL + t.tv_nsec;
}

/* METH_FASTCALL; @none: what it was bound to. */
void *stamp(void *none, void *const *arguments, ssize_t count)
{
	struct stamp *s = &stamps[stamped % STAMPS];

	(void)arguments;
	(void)count;
	s->before_ns = now(CLOCK_MONOTONIC);
	s->cpu_ns = now(CLOCK_THREAD_CPUTIME_ID);
	s->after_ns = now(CLOCK_MONOTONIC);
	stamped++;
	incref(none);
	return none;
}
