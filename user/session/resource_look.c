// SPDX-License-Identifier: Apache-2.0
#include "resource_look.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../rank/resource_causes.h"
#include "../rank/resources.h"
#include "../resources/counts.h"
#include "../resources/pipes.h"
#include "../symbolize/pyframe.h"
#include "../util/clock.h"
#include "resource_threads.h"

static int take_counts(struct resource_look *l, struct resource_counts *counts)
{
	struct resource_view view;
	int rc = resource_view_read(&view, l->process);

	if (!rc)
		counts_take(counts, l->process, &view.descriptors, &view.maps);
	resource_view_release(&view);
	return rc;
}

int resource_look_begin(struct resource_look *l, struct resources *r, double budget_percent,
			double seconds, struct err *e)
{
	int rc = take_counts(l, &r->before);

	if (rc)
		return err_set(e, rc, rc == -ESRCH ? EXIT_TARGET_GONE : EXIT_FAILED,
			       "pid %d: its descriptors cannot be listed: %s",
			       (int)l->process->pid, strerror(-rc));
	rc = resource_watch_open(&l->watch, l->process, l->rt, l->frames, budget_percent, seconds,
				 e);
	if (!rc && descriptors_read(&l->at_open, l->process->pid))
		descriptors_release(&l->at_open);
	l->began_ns = clock_ns();
	return rc;
}

void resource_look_release(struct resource_look *l)
{
	resource_watch_close(&l->watch);
	resource_view_release(&l->view);
	descriptors_release(&l->at_open);
	descriptors_release(&l->came);
	resource_owners_release(&l->owners);
	l->came_known = false;
	l->began_ns = 0;
}

int resource_look_tick(struct resource_look *l)
{
	return resource_watch_tick(&l->watch);
}

static void keep_what_came(struct resource_look *l, const uint8_t *made)
{
	struct descriptors *d = &l->came;
	size_t kept = 0;

	for (size_t i = 0; i < d->count; i++) {
		const struct descriptor *one = &d->descriptor[i];

		if (one->fd < (int)DESCRIPTORS_MAX &&
		    !(made[one->fd / 8] >> one->fd % 8 & 1) &&
		    !descriptors_has(&l->at_open, one))
			d->descriptor[kept++] = *one;
	}
	d->count = kept;
}

/*
 * What came into the process by no call that was watched. Marked before and after the reading: a
 * number that is closed or made meanwhile is in one of both.
 */
static void find_what_came(struct resource_look *l)
{
	uint8_t *made = calloc(DESCRIPTORS_MAX / 8, 1);

	if (made && l->at_open.count &&
	    !resource_watch_mark(&l->watch, made, DESCRIPTORS_MAX) &&
	    !descriptors_read(&l->came, l->process->pid) &&
	    !resource_watch_mark(&l->watch, made, DESCRIPTORS_MAX)) {
		keep_what_came(l, made);
		l->came_known = true;
	}
	free(made);
}

void resource_look_close_window(struct resource_look *l)
{
	bool open = !l->watch.window_ns;

	resource_watch_close_window(&l->watch);
	if (open)
		find_what_came(l);
}

double resource_look_seconds(const struct resource_look *l)
{
	return l->began_ns ? (double)(clock_ns() - l->began_ns) / 1e9 : 0;
}

double resource_look_aged(const struct resource_look *l)
{
	return l->watch.window_ns ? (double)(clock_ns() - l->watch.window_ns) / 1e9 : 0;
}

static void judge(struct resources *r)
{
	int64_t survived[RESOURCE_KINDS] = { 0 };

	for (size_t i = 0; i < r->seen.count; i++)
		survived[r->seen.row[i].kind] += r->seen.row[i].live;
	for (size_t i = 0; i < r->seen.count; i++) {
		struct resource_row *row = &r->seen.row[i];
		const struct resource_measured m = {
			.survived = row->watched,
			.born_late = row->born_late,
			.window = r->window_seconds,
			.aged = r->aged_seconds,
			.kind_gain = r->after.of[row->kind] - r->before.of[row->kind],
			.kind_survived = survived[row->kind],
		};

		resource_judge(&row->about, &m);
		if (r->window_seconds > 0)
			row->about.objects_per_second = (double)row->live / r->window_seconds;
		resource_explain(row);
	}
	resource_order(&r->seen);
}

/* Of descriptors or of threads: does a line leak such? */
static bool leaks(const struct resources *r, bool threads)
{
	for (size_t i = 0; i < r->seen.count; i++)
		if (r->seen.row[i].about.verdict == VERDICT_RESOURCE &&
		    r->seen.row[i].kind != RESOURCE_MAPPING &&
		    (r->seen.row[i].kind == RESOURCE_THREAD) == threads)
			return true;
	return false;
}

static double seconds_left(int64_t room, int64_t before, int64_t after, double seconds)
{
	return after > before ? (double)(room > 0 ? room : 0) * seconds / (double)(after - before)
			      : -1;
}

static void look_ahead(struct resources *r)
{
	const struct resource_limits *l = &r->limits;
	int64_t before = resource_descriptors(&r->before), after = resource_descriptors(&r->after);
	double seconds = r->look.duration_seconds;

	r->seconds_to_descriptors = r->seconds_to_threads = -1;
	if (l->descriptors_max != UNKNOWN && leaks(r, false))
		r->seconds_to_descriptors =
			seconds_left(l->descriptors_max - after, before, after, seconds);
	if (l->threads_max != UNKNOWN && leaks(r, true))
		r->seconds_to_threads =
			seconds_left(l->threads_max - l->threads_used,
				     r->before.of[RESOURCE_THREAD],
				     r->after.of[RESOURCE_THREAD], seconds);
}

static bool is_own(const char *file)
{
	return !pyframe_is_library(file);
}

/* The heap, searched. Without it there are lines all the same. */
static bool search_heap(struct resource_look *l, struct resources *r)
{
	int rc;

	l->heap->reach.is_own = is_own;
	rc = heap_walk(l->heap, 0);
	if (!rc)
		rc = heap_reach(l->heap, true);
	l->heap->reach.is_own = NULL;
	if (rc && rc != -ESRCH)
		report_warn(&r->look, "who owns what was not found: %s", strerror(-rc));
	return !rc;
}

static int fill_rows(struct resource_look *l, struct resources *r)
{
	bool searched = search_heap(l, r);
	uint64_t stale;
	int rc = resource_view_read(&l->view, l->process);

	if (!rc)
		pipes_describe(&l->view.descriptors, l->process->pid);
	if (!rc && l->came_known && !resource_watch_shift(&l->watch))
		l->view.came = &l->came;
	if (!rc)
		rc = resource_threads_fill(r, &l->view, l->rt, l->mem, l->frames);
	if (!rc && searched)
		rc = resource_owners_find(&l->owners, l->heap, &l->view);
	if (!rc)
		rc = resource_rows_fill(r, &l->watch, &l->view, &stale);
	if (!rc && searched)
		rc = resource_owners_name(r, &l->owners, l->heap, &l->view);
	if (!rc)
		r->look.loss.torn_reads = stale;
	return rc;
}

static void fill_cost(struct resource_look *l, struct resources *r)
{
	resource_watch_cost(&l->watch, r->look.duration_seconds, &r->look.cost, &r->look.loss);
	if (l->watch.over_budget)
		report_warn(&r->look,
			    "watching took all of its budget of the target's time: what was made "
			    "was seen for %.1f s only (--budget)",
			    r->window_seconds);
	if (resource_watch_shift(&l->watch))
		report_warn(&r->look,
			    "to keep the budget, 1 of %u was watched; numbers are "
			    "estimates (--budget)",
			    1u << resource_watch_shift(&l->watch));
}

int resource_look_finish(struct resource_look *l, struct resources *r)
{
	const struct resource_watch *w = &l->watch;
	int rc = resource_watch_take(&l->watch);

	r->look.duration_seconds = resource_look_seconds(l);
	r->window_seconds = (double)(w->window_ns - w->began_ns) / 1e9;
	r->aged_seconds = (double)(w->ended_ns - w->window_ns) / 1e9;
	if (!rc)
		rc = fill_rows(l, r);
	if (rc)
		return rc;
	counts_take(&r->after, l->process, &l->view.descriptors, &l->view.maps);
	limits_read(&r->limits, l->process->pid);
	judge(r);
	r->look.verdict = r->seen.count && r->seen.row[0].about.verdict == VERDICT_RESOURCE
				  ? VERDICT_RESOURCE
				  : VERDICT_NO_GROWTH;
	look_ahead(r);
	fill_cost(l, r);
	return 0;
}
