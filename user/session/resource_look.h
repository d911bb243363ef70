// SPDX-License-Identifier: Apache-2.0
/*
 * One look at a process's resources, for `pyleak fds` and as a part of every look:
 *
 *	begin: count, hooks on -> tick, tick ... -> close_window -> tick ... what was made ages
 *	-> finish: walk and search the heap, see what is there, rows, judge
 */
#ifndef PYLEAK_SESSION_RESOURCE_LOOK_H
#define PYLEAK_SESSION_RESOURCE_LOOK_H

#include "../heap/heap.h"
#include "../model/resources.h"
#include "resource_owners.h"
#include "resource_rows.h"
#include "resource_watch.h"

struct resource_look {
	/* Set by the caller; borrowed. */
	const struct process *process;
	const struct py_runtime *rt;
	struct remote *mem;
	struct pyframes *frames;
	struct heap *heap; /* opened; walked once more at the end */

	struct resource_watch watch;
	struct descriptors at_open; /* as the window opened */
	struct descriptors came;    /* unseen while it was open, and were there as it closed */
	bool came_known;
	struct resource_view view;
	struct resource_owners owners;
	uint64_t began_ns; /* CLOCK_MONOTONIC; 0: not begun */
};

/*
 * Count into r->before, and attach. The hooks may take @budget_percent of one CPU's time in
 * @seconds. 0, or -errno with @e set. resource_look_release() is allowed before and after all.
 */
int resource_look_begin(struct resource_look *l, struct resources *r, double budget_percent,
			double seconds, struct err *e);
void resource_look_release(struct resource_look *l);

/* To be called every RESOURCE_TICK_MS. 0 or -errno. */
int resource_look_tick(struct resource_look *l);
void resource_look_close_window(struct resource_look *l);

/* Seconds since it began, and since its window closed; 0 where it did not. */
double resource_look_seconds(const struct resource_look *l);
double resource_look_aged(const struct resource_look *l);

/*
 * Fill @r: rows in order, counts, limits, loss, cost. 0; -ESRCH where the target is gone, -ENOMEM.
 */
int resource_look_finish(struct resource_look *l, struct resources *r);

#endif
