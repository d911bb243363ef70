// SPDX-License-Identifier: Apache-2.0
/*
 * Threads with what they wait for and the Python code they run at this moment.
 */
#ifndef PYLEAK_SESSION_RESOURCE_THREADS_H
#define PYLEAK_SESSION_RESOURCE_THREADS_H

#include "../cpython/runtime.h"
#include "../symbolize/pyframe.h"
#include "resource_rows.h"

/* Fill r->thread, one for each of @v's threads in their order. 0 or -ENOMEM. */
int resource_threads_fill(struct resources *r, const struct resource_view *v,
			  const struct py_runtime *rt, struct remote *mem,
			  struct pyframes *frames);

#endif
