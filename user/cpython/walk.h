// SPDX-License-Identifier: Apache-2.0
/*
 * The linked lists of the live runtime: interpreters, their threads, and where a thread's newest
 *frame lies.
 *
 *	_PyRuntime --interpreters_head--> interpreter --is_next--> ... --> NULL
 *	interpreter --is_threads_head--> thread state --ts_next--> ... --> NULL
 *
 * New elements are put in front. The target changes the lists while they are walked; what is broken
 *ends the walk.
 */
#ifndef PYLEAK_CPYTHON_WALK_H
#define PYLEAK_CPYTHON_WALK_H

#include <stdint.h>
#include <sys/types.h>

#include "../target/memory.h"
#include "../target/process.h"
#include "layout.h"

#define PY_INTERPRETERS_MAX 256
#define PY_THREADS_MAX \
	32768 /* Linux's default limit of threads, kernel.threads-max, is of that order */

/*
 * Calls @fn with the address of each thread state of the interpreter at @interp, at most
 * PY_THREADS_MAX.
 */
void py_threads(const struct py_layout *l, struct remote *mem, uint64_t interp,
		void (*fn)(void *arg, uint64_t thread), void *arg);

/* The newest frame of a thread state, 0 where it runs none. */
uint64_t py_thread_frame(const struct py_layout *l, struct remote *mem, uint64_t thread);

/*
 * Thread ids as the process itself sees them, in its own pid namespace (last number of NSpid in
 * /proc/PID/task/TID/status): what native_thread_id holds. Their count, at most @cap, or -errno.
 */
ssize_t py_thread_ids(const struct process *p, pid_t *tids, size_t cap);

/* The same for given threads: @own gets what each of @tids calls itself. */
void py_thread_own_ids(const struct process *p, const pid_t *tids, pid_t *own, size_t count);

#endif
