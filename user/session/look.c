// SPDX-License-Identifier: Apache-2.0
#include "look.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../cpython/runtime.h"
#include "../probe/calibrate.h"
#include "../target/footprint.h"
#include "../target/limit.h"
#include "../util/clock.h"
#include "allocations.h"
#include "budget.h"
#include "exact.h"
#include "fill.h"
#include "interrupt.h"
#include "resource_side.h"
#include "sampling.h"
#include "schedule.h"
#include "suspects.h"
#include "want.h"

#define WATCH_LEAST 1.0 /* seconds that sizes and stores are followed before a plain answer */
#define WATCH_MOST 2.0
#define RESERVE 1.0 /* seconds left for stores after the last walk */
#define RSS_EVERY 0.25
#define WALK_NS 4e3 /* of a stack, as it is expected; what it took counts */

struct look {
	struct process process;
	struct py_runtime rt;
	struct remote mem;
	struct heap heap;
	struct watch *watch;
	struct pyframes *frames;
	struct suspects suspects;
	struct stores stores;
	struct sampling *sampling; /* NULL: not to be had */
	struct budget budget;
	double trap_ns; /* of a watchpoint */
	struct schedule schedule;
	struct resource_side side;
	struct log *log;
	char denied[160];  /* why stores cannot be watched, "" where they can */
	struct series rss; /* of the process over the look */
	double rss_at;	   /* when it is read next */
	uint64_t began, cpu_began;
};

static double now(void *arg)
{
	const struct look *l = arg;

	return (double)(clock_ns() - l->began) / 1e9;
}

/* Gone, or replaced by another program: the word that every Python has where we found it. */
static bool target_is_gone(struct look *l)
{
	uint64_t type;

	return !process_alive(&l->process) ||
	       !remote_u64(&l->mem, l->rt.type_type + l->rt.layout.ob_type, &type) ||
	       type != l->rt.type_type;
}

/* Asked often: what else is watched has its turn here. */
static bool must_stop(void *arg)
{
	struct look *l = arg;

	resource_side_tick(&l->side, now(l));
	return interrupt_seen() || target_is_gone(l);
}

/* How large the process is now, every RSS_EVERY. */
static void follow_rss(void *arg)
{
	struct look *l = arg;
	double seconds = now(l);
	int64_t rss;

	if (seconds < l->rss_at)
		return;
	l->rss_at = seconds + RSS_EVERY;
	rss = footprint_rss(&l->process);
	if (rss != UNKNOWN)
		series_add(&l->rss, seconds, (double)rss);
}

/* What watched writes took from the target. */
static double stores_ns(const struct look *l)
{
	struct watch_stats w = { 0 };

	if (l->watch)
		watch_stats(l->watch, &w);
	return calibrate_watch_ns(&w, l->trap_ns);
}

/* And with samples, which are not taken any more. */
static double cost_ns(const struct look *l)
{
	return sampling_cost_ns(l->sampling) + stores_ns(l);
}

static double left_ns(void *arg, double ahead)
{
	const struct look *l = arg;
	double watched_ns = stores_ns(l), spent_ns = sampling_cost_ns(l->sampling) + watched_ns;
	double all_ns = budget_ns(&l->budget, spent_ns, ahead);

	return fmax(all_ns - spent_ns, BUDGET_STORES * all_ns - watched_ns);
}

static void open_watch(struct look *l, struct report *r)
{
	struct err e = { 0 };
	struct py_unwind unwind;

	py_runtime_unwind(&l->rt, &unwind);
	if (py_threads_are_ambiguous(&l->rt, &l->mem))
		err_set(&e, -EOPNOTSUPP, EXIT_FAILED,
			"pid %d has sub-interpreters, and before 3.13 its threads do not say which "
			"they run",
			l->process.pid);
	else if (!watch_open(&l->watch, &l->process, &unwind, &e))
		return;
	l->watch = NULL;
	snprintf(l->denied, sizeof(l->denied), "%.159s", e.text);
	report_warn(r, "storing lines are not to be had: %.200s", e.text);
}

static int open_all(struct look *l, struct report *r, pid_t pid, struct err *e)
{
	int err = process_open(&l->process, pid, e);

	if (err)
		return err;
	remote_init(&l->mem, pid);
	err = py_runtime_open(&l->rt, &l->process, &l->mem, e);
	if (err)
		return err;
	err = heap_open(&l->heap, &l->rt, &l->mem);
	l->frames = pyframes_new(&l->rt.layout, &l->mem);
	if (err || !l->frames)
		return err_set(e, -ENOMEM, EXIT_FAILED, "not enough memory to look at pid %d", pid);
	open_watch(l, r);
	l->trap_ns = l->watch ? fmax(calibrate_watch_trap(), 0) : 0;
	l->stores = (struct stores){ .watch = l->watch,
				     .frames = l->frames,
				     .mem = &l->mem,
				     .reach = &l->heap.reach,
				     .now = now,
				     .stop = must_stop,
				     .tick = follow_rss,
				     .left_ns = left_ns,
				     .hit_ns = l->trap_ns + WALK_NS,
				     .arg = l };
	return 0;
}

static void close_all(struct look *l)
{
	sampling_free(l->sampling);
	resource_side_release(&l->side);
	suspects_release(&l->suspects);
	watch_close(l->watch);
	pyframes_free(l->frames);
	heap_close(&l->heap);
	process_close(&l->process);
}

/* Meanwhile sizes are read: of the process, and of what is suspected already. */
static void wait_until(struct look *l, double seconds, const char *what)
{
	struct store *store[SUSPECTS_WATCHED];
	unsigned count = suspects_watched(&l->suspects, store);

	while (now(l) < seconds && !must_stop(l)) {
		log_progress(l->log, "%s: %.1f of at most %.0f s", what, now(l), l->schedule.end);
		follow_rss(l);
		stores_sizes(&l->stores, store, count);
		clock_sleep_ms(50);
	}
}

/* Search, and judge what the walks so far have shown. */
static int judge(struct look *l)
{
	int err;

	log_progress(l->log, "searching who holds what stayed");
	err = heap_search(&l->heap);
	if (!err)
		err = suspects_take(&l->suspects, &l->heap);
	if (err)
		return err;
	suspects_judge(&l->suspects, now(l));
	suspects_explain(&l->suspects, &l->heap);
	return want_growing(l->sampling, &l->heap);
}

/* Follow stores and sizes, and judge again by what they did. */
static void follow(struct look *l, double at_least, double until)
{
	struct store *store[SUSPECTS_WATCHED];
	unsigned count = suspects_watched(&l->suspects, store);

	log_progress(l->log, "watching who stores");
	sampling_stop(l->sampling); /* what is allocated now is in no walk */
	stores_watch(&l->stores, store, count, at_least, until);
	suspects_judge(&l->suspects, now(l));
}

/* One walk, and what follows from it. 1: the answer is plain; 0: go on; -errno. */
static int step(struct look *l, unsigned walk)
{
	const struct schedule *s = &l->schedule;
	bool last = walk + 1 == s->walks || interrupt_seen();
	double began;
	int err;

	wait_until(l, s->at[walk], "walking the heap");
	follow_rss(l);
	log_progress(l->log, "walking the heap, walk %u", walk + 1);
	err = heap_walk(&l->heap, now(l));
	if (err || walk < 2)
		return err;
	err = judge(l);
	if (err)
		return err;
	began = now(l);
	if (last)
		follow(l, began + WATCH_LEAST,
		       interrupt_seen()		      ? began
		       : s->end > began + RESERVE / 4 ? s->end
						      : began + RESERVE / 4);
	else if (s->may_end_early && suspects_are_plain(&l->suspects))
		follow(l, began + WATCH_LEAST, began + WATCH_MOST);
	else
		return 0;
	return s->may_end_early && suspects_are_plain(&l->suspects);
}

static int walk_all(struct look *l)
{
	int plain = 0;

	for (unsigned walk = 0; walk < l->schedule.walks && plain == 0; walk++) {
		plain = step(l, walk);
		if (interrupt_seen() && walk >= 2)
			break;
	}
	return plain < 0 ? plain : 0;
}

static int explain(struct look *l, int err, struct err *e)
{
	if (target_is_gone(l) && l->heap.history.walks < 3)
		return err_set(e, -ESRCH, EXIT_TARGET_GONE,
			       "pid %d (%s) ended, or became another program, after %.1f s: too "
			       "early for a report",
			       l->process.pid, l->process.comm, now(l));
	return err_set(e, err, EXIT_FAILED, "pid %d: walking its heap failed: %s", l->process.pid,
		       strerror(-err));
}

/* Join what was sampled with what stays, and write all into the report. */
static int report(struct look *l, struct report *r)
{
	struct sightings sightings;
	struct sampling_end sampled;
	int err;

	sampling_stop(l->sampling);
	sampling_end(l->sampling, &sampled);
	suspects_name_lines(&l->suspects, l->denied[0] ? l->denied : NULL);
	err = sightings_find(&sightings, sampling_samples(l->sampling), &sampled, &l->heap,
			     l->began);
	r->duration_seconds = now(l);
	r->cost.own_cpu_seconds = (double)(clock_cpu_ns() - l->cpu_began) / 1e9;
	if (!err) {
		allocations_name_lines(&l->suspects, &l->heap, &sightings);
		err = fill_report(r, &l->heap, &l->suspects, &sightings, &sampled, l->watch,
				  &l->stores, &l->rss);
		fill_target_cost(r, cost_ns(l), budget_cpu_ns(&l->budget));
	}
	sightings_release(&sightings);
	return err;
}

int look_run(struct report *r, pid_t pid, const struct options *o, struct log *log, struct err *e)
{
	struct look l = { .log = log, .began = clock_ns(), .cpu_began = clock_cpu_ns() };
	int err;

	if (o->exact)
		return exact_run(r, pid, o, log, e);
	*r = (struct report){ .pid = pid };
	clock_gettime(CLOCK_REALTIME, &r->started);
	interrupt_catch();
	l.schedule = schedule_for(o->duration_ns);
	err = open_all(&l, r, pid, e);
	if (!err) {
		l.began = clock_ns(); /* loading is not looking */
		fill_target(r, &l.process, &l.rt);
		budget_begin(&l.budget, &l.process, o->budget_percent / 100);
		if (o->budget_percent > 0 && !py_threads_are_ambiguous(&l.rt, &l.mem))
			sampling_start(&l.sampling, &l.process, &l.rt,
				       o->budget_percent / 100 * BUDGET_SAMPLING);
		footprint_read(&r->before, &l.process);
		l.side.look = (struct resource_look){ .process = &l.process,
						      .rt = &l.rt,
						      .mem = &l.mem,
						      .frames = l.frames,
						      .heap = &l.heap };
		l.side.budget_percent = o->budget_percent;
		l.side.end = l.schedule.end;
		err = walk_all(&l);
		if (err && l.suspects.count)
			err = 0; /* the target ended after there was something to report */
		if (err)
			err = explain(&l, err, e);
	}
	log_progress_end(log);
	if (!err) {
		footprint_read(&r->after, &l.process);
		limit_read(&r->limit, &l.process);
		err = report(&l, r);
		if (!err)
			err = resource_side_finish(&l.side, r, must_stop, &l);
		r->duration_seconds = now(&l);
	}
	close_all(&l);
	return err;
}
