// SPDX-License-Identifier: Apache-2.0
/*
 * Threads for a person: those that do the same at the same line are one.
 *
 *	threads
 *	   4242         MainThread: epoll_wait of descriptor 6, app/main.py:12 in run
 */
#ifndef PYLEAK_OUTPUT_RESOURCES_THREADS_TABLE_H
#define PYLEAK_OUTPUT_RESOURCES_THREADS_TABLE_H

#include "../model/resources.h"
#include "stack_lines.h"

/* At most @top of them; 0: all. */
void resources_threads_put(const struct stack_lines *lines, const struct resources *r,
			   unsigned top);

#endif
