// SPDX-License-Identifier: Apache-2.0
#include "resource_watch.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../util/clock.h"
#include "../util/grow.h"

#define WINDOW_SHARE 0.6 /* of the budget that hooks on what makes may use up */
#define HEAD_START 0.02	 /* of the budget, before fewer are kept */
#define SHIFT_MAX 6

int resource_watch_open(struct resource_watch *w, const struct process *p,
			const struct py_runtime *rt, struct pyframes *frames,
			double budget_percent, double seconds, struct err *e)
{
	int rc;

	*w = (struct resource_watch){ .budget_rate = budget_percent / 100,
				     .budget_ns = budget_percent / 100 * seconds * 1e9 };
	rc = resources_open(&w->probe, p, rt, e);
	if (rc)
		return rc;
	rc = drain_open(&w->drain, resources_account(w->probe), frames);
	if (rc)
		return err_set(e, rc, EXIT_FAILED, "cannot watch pid %d: %s", (int)p->pid,
			       strerror(-rc));
	rc = resources_attach(w->probe, RESOURCES_END, e);
	if (!rc)
		rc = resources_attach(w->probe, RESOURCES_MAKE, e);
	w->began_ns = clock_ns();
	return rc;
}

void resource_watch_close(struct resource_watch *w)
{
	drain_close(w->drain);
	resources_close(w->probe);
	free(w->survivor);
	*w = (struct resource_watch){ 0 };
}

/*
 * Dearer than allowed: keep fewer, then watch for a shorter time. The lowest free number is made
 * and closed again and again, and with each that stays another is the lowest; so what counts is the
 * cost since the beginning.
 */
static void keep_budget(struct resource_watch *w)
{
	uint64_t hits, now = clock_ns();
	double kept, cost = resources_cost_ns(w->probe, &hits, &kept);
	double allowed = w->budget_rate * (double)(now - w->began_ns) + HEAD_START * w->budget_ns;
	uint32_t shift = account_shift(resources_account(w->probe));

	if (kept > allowed && shift < SHIFT_MAX)
		resources_thin(w->probe, shift + 1);
	if (!w->window_ns && cost > WINDOW_SHARE * w->budget_ns) {
		w->over_budget = true;
		resource_watch_close_window(w);
	}
	if (!w->ended_ns && cost > w->budget_ns) {
		w->over_budget = true;
		w->ended_ns = now;
		resources_detach(w->probe, RESOURCES_END);
	}
}

int resource_watch_tick(struct resource_watch *w)
{
	int rc = drain_stacks(w->drain);

	if (rc >= 0)
		rc = drain_thin(w->drain);
	keep_budget(w);
	return rc;
}

void resource_watch_close_window(struct resource_watch *w)
{
	if (w->window_ns)
		return;
	w->window_ns = clock_ns();
	resources_detach(w->probe, RESOURCES_MAKE);
}

struct marks {
	uint8_t *made;
	unsigned most;
};

static void mark_one(void *arg, uint64_t key, const struct live_block *block)
{
	const struct marks *m = arg;
	uint64_t fd = resource_id(key);

	(void)block;
	if (resource_source(key) == ACCOUNT_DESCRIPTOR && fd < m->most)
		m->made[fd / 8] |= (uint8_t)(1 << fd % 8);
}

int resource_watch_mark(struct resource_watch *w, uint8_t *made, unsigned most)
{
	struct marks m = { made, most };

	return drain_live(w->drain, mark_one, &m);
}

static void take_one(void *arg, uint64_t key, const struct live_block *block)
{
	struct resource_watch *w = arg;

	if (!resource_source(key) || block->time_ns > w->window_ns)
		return;
	if (grow(&w->survivor, &w->survivor_cap, w->survivors + 1, sizeof(*w->survivor))) {
		w->err = -ENOMEM;
		return;
	}
	w->survivor[w->survivors++] = (struct survivor){ .source = resource_source(key),
							 .id = resource_id(key),
							 .site = block->site,
							 .time_ns = block->time_ns,
							 .size = block->size };
}

int resource_watch_take(struct resource_watch *w)
{
	int rc = drain_stacks(w->drain);

	resource_watch_close_window(w);
	if (!w->ended_ns)
		w->ended_ns = clock_ns();
	w->survivors = 0;
	if (rc >= 0)
		rc = drain_totals(w->drain, &w->sites);
	if (!rc)
		rc = drain_live(w->drain, take_one, w);
	if (!rc)
		rc = w->err;
	return rc;
}

uint32_t resource_watch_shift(const struct resource_watch *w)
{
	return account_shift(resources_account(w->probe));
}

void resource_watch_cost(const struct resource_watch *w, double seconds, struct cost *cost,
			 struct loss *loss)
{
	struct account_stats stats;
	struct drain_loss drained;
	double kept, ns = resources_cost_ns(w->probe, &cost->probe_hits, &kept);

	cost->target_cpu_percent = seconds > 0 ? 100 * ns / (seconds * 1e9) : -1;
	account_stats(resources_account(w->probe), &stats);
	drain_loss(w->drain, &drained);
	loss->map_full = stats.dropped[DROP_LIVE_FULL] + stats.dropped[DROP_SITES_FULL];
	loss->dropped_events = stats.dropped[DROP_RINGBUF_FULL] + stats.dropped[DROP_THREADS_FULL];
	loss->truncated_stacks = stats.dropped[DROP_BAD_FRAME];
	loss->unresolved_frames = drained.unresolved_frames;
}
