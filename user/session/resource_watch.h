// SPDX-License-Identifier: Apache-2.0
/*
 * What a process makes and ends while it is watched: hooks on, new stacks named as they come, hooks
 * off when the window or the budget ends, and then what is there.
 *
 *	open -> tick, tick ... -> close_window -> tick ... -> take -> close
 */
#ifndef PYLEAK_SESSION_RESOURCE_WATCH_H
#define PYLEAK_SESSION_RESOURCE_WATCH_H

#include "../probe/resources.h"
#include "../sample/drain.h"

#define RESOURCE_TICK_MS 20

/* A resource that was seen being made and not ending. */
struct survivor {
	uint32_t source; /* enum account_source */
	uint64_t id;	 /* descriptor; thread id in its own namespace; address */
	uint64_t site, time_ns, size;
};

struct resource_watch {
	struct resources_probe *probe;
	struct drain *drain;
	double budget_ns;	      /* that the hooks may take from the target in all */
	double budget_rate;	      /* the same for each ns */
	uint64_t began_ns, window_ns; /* CLOCK_MONOTONIC: hooks on; makers off, 0 not yet */
	uint64_t ended_ns;	      /* all off, 0 not yet */
	bool over_budget;
	const struct alloc_sites *sites; /* of resource_watch_take() */
	struct survivor *survivor;	 /* owned */
	size_t survivors, survivor_cap;
	int err;
};

/*
 * Load and attach. The hooks may take @budget_percent of one CPU's time in @seconds. 0, or -errno
 * with @e set. Close also after a failure.
 */
int resource_watch_open(struct resource_watch *w, const struct process *p,
			const struct py_runtime *rt, struct pyframes *frames,
			double budget_percent, double seconds, struct err *e);
void resource_watch_close(struct resource_watch *w);

/* To be called every RESOURCE_TICK_MS. 0 or -errno. */
int resource_watch_tick(struct resource_watch *w);

/* Nothing new counts from now on; what ends still does. */
void resource_watch_close_window(struct resource_watch *w);

/*
 * Set the bit in @made of each descriptor below @most that was seen being made, and not closed
 * since. 0 or -errno.
 */
int resource_watch_mark(struct resource_watch *w, uint8_t *made, unsigned most);

/* Fill sites and survivors, valid until the close. 0 or -errno. */
int resource_watch_take(struct resource_watch *w);

/* One of 2^shift resources was kept. */
uint32_t resource_watch_shift(const struct resource_watch *w);

/* Cost to the target, in percent of one CPU over @seconds, and what was lost. */
void resource_watch_cost(const struct resource_watch *w, double seconds, struct cost *cost,
			 struct loss *loss);

#endif
