// SPDX-License-Identifier: Apache-2.0
#include "census.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../rank/change.h"
#include "../target/footprint.h"
#include "../util/clock.h"
#include "fill.h"
#include "interrupt.h"
#include "parts.h"
#include "rows.h"

#define AGE_WALKS 4

struct session {
	struct process process;
	struct py_runtime rt;
	struct remote mem;
	struct heap heap;
	struct tally tally;
	struct held_list held;
	struct log *log;
	uint64_t began, cpu_began;
};

static double now(const struct session *s)
{
	return (double)(clock_ns() - s->began) / 1e9;
}

static int open_all(struct session *s, pid_t pid, struct err *e)
{
	int err = process_open(&s->process, pid, e);

	if (err)
		return err;
	remote_init(&s->mem, pid);
	err = py_runtime_open(&s->rt, &s->process, &s->mem, e);
	if (err)
		return err;
	if (heap_open(&s->heap, &s->rt, &s->mem))
		return err_set(e, -ENOMEM, EXIT_FAILED, "not enough memory to look at pid %d", pid);
	tally_init(&s->tally, &s->heap.types, &s->heap.reader);
	s->heap.history.sink = &s->tally.sink;
	return 0;
}

static void close_all(struct session *s)
{
	held_release(&s->held);
	tally_release(&s->tally);
	heap_close(&s->heap);
	process_close(&s->process);
}

static bool wanted(const struct census *c, enum census_by view)
{
	return c->by == view || (c->by == CENSUS_DEFAULT && view <= CENSUS_HOLDER);
}

static int walk(struct session *s, struct footprint *f)
{
	const struct history *h = &s->heap.history;
	int err;

	log_progress(s->log, "walking the heap");
	tally_begin(&s->tally);
	err = heap_walk(&s->heap, now(s));
	if (!err)
		err = s->tally.err;
	if (err)
		return err;
	err = footprint_read(f, &s->process);
	parts_fill(f, &h->total[h->walks - 1].parts);
	return err;
}

/* Who holds what, and how much of it alone; and what nobody holds. */
static int take_holders(struct session *s, struct census *c, struct dominators *d)
{
	struct refcounts nobody;
	int err;

	log_progress(s->log, "adding up what each holds");
	err = held_find(&s->held, &s->heap.reach);
	if (!err && wanted(c, CENSUS_MODULE))
		err = rows_modules(&c->view[CENSUS_MODULE], &s->held, &s->heap.reach);
	if (err || !wanted(c, CENSUS_HOLDER))
		return err;
	err = dominators_find(d);
	if (!err)
		err = rows_holders(&c->view[CENSUS_HOLDER], &s->held, d, &s->heap.reach);
	c->retained_at_most = d->at_most;
	dominators_release(d);
	if (err)
		return err;
	err = refcounts_take(&nobody, &s->heap.reach);
	if (!err)
		rows_nobody(&c->nobody, &nobody, &s->heap.types);
	refcounts_release(&nobody);
	return err;
}

static int search(struct session *s, struct census *c)
{
	struct dominators d;
	int err;

	log_progress(s->log, "searching who holds what");
	held_release(&s->held);
	dominators_init(&d, &s->heap.reach);
	s->heap.reach.sink = wanted(c, CENSUS_HOLDER) ? &d.sink : NULL;
	err = heap_reach(&s->heap, true);
	s->heap.reach.sink = NULL;
	if (!err)
		err = take_holders(s, c, &d);
	dominators_release(&d);
	return err;
}

/* The views that were asked for, of the latest walk. */
static int take(struct session *s, struct census *c)
{
	int err = 0;

	if (wanted(c, CENSUS_HOLDER) || wanted(c, CENSUS_MODULE))
		err = search(s, c);
	if (!err && wanted(c, CENSUS_TYPE))
		err = rows_types(&c->view[CENSUS_TYPE], &s->tally);
	if (!err && wanted(c, CENSUS_SIZE))
		err = rows_sizes(&c->view[CENSUS_SIZE], &s->tally);
	if (!err && wanted(c, CENSUS_AGE))
		err = rows_ages(&c->view[CENSUS_AGE], &s->tally, &s->heap.history);
	return err;
}

static void wait_until(struct session *s, double seconds)
{
	while (now(s) < seconds && !interrupt_seen() && process_alive(&s->process)) {
		log_progress(s->log, "waiting: %.1f of %.0f s", now(s), seconds);
		clock_sleep_ms(50);
	}
}

/* The second census, and what changed since the first. Ages need walks in between. */
static int compare(struct session *s, struct census *c, double seconds)
{
	struct census_view before[CENSUS_VIEWS];
	int err = 0;

	memcpy(before, c->view, sizeof(before));
	memset(c->view, 0, sizeof(c->view));
	for (int i = AGE_WALKS - 2; c->by == CENSUS_AGE && i > 0 && !err; i--) {
		wait_until(s, seconds * (1 - 1.0 / (1 << (AGE_WALKS - 1 - i))));
		err = walk(s, &c->about.after);
	}
	wait_until(s, seconds);
	c->diff_seconds = now(s);
	if (!err)
		err = walk(s, &c->about.after);
	if (!err)
		err = take(s, c);
	for (int i = 0; i < CENSUS_VIEWS; i++) {
		if (!err && i != CENSUS_AGE && c->view[i].row)
			err = census_diff(&c->view[i], &before[i]);
		census_view_release(&before[i]);
	}
	return err;
}

static int look(struct session *s, struct census *c, double seconds)
{
	int err = walk(s, &c->about.before);

	if (err)
		return err;
	c->about.after = c->about.before;
	if (seconds <= 0 || c->by != CENSUS_AGE)
		err = take(s, c);
	if (!err && seconds > 0)
		err = compare(s, c, seconds);
	return err;
}

static struct census_sum sum_of(const struct tally_sum *from)
{
	return (struct census_sum){ (int64_t)from->objects, (int64_t)from->bytes };
}

static void fill(struct census *c, const struct session *s)
{
	const struct tally *t = &s->tally;
	struct report *r = &c->about;

	for (unsigned i = 1; i < t->counted; i++) {
		c->all.count += (int64_t)t->type[i].objects;
		c->all.bytes += (int64_t)t->type[i].bytes;
	}
	c->raw = (struct census_sum){ (int64_t)t->raw_blocks, (int64_t)t->raw_bytes };
	c->interned = sum_of(&t->apart[TALLY_INTERNED]);
	c->immortal = sum_of(&t->apart[TALLY_IMMORTAL]);
	c->kept = sum_of(&t->apart[TALLY_KEPT]);
	c->unreached = (struct census_sum){ UNKNOWN, UNKNOWN };
	if (s->held.root) {
		c->unreached = (struct census_sum){ (int64_t)s->held.unreached_objects,
						    (int64_t)s->held.unreached_bytes };
		rows_content(&s->heap.types, s->held.content, c->unreached_content,
			     sizeof(c->unreached_content));
	}
	for (int i = 0; i < CENSUS_VIEWS; i++)
		if (i == CENSUS_TYPE || i == CENSUS_HOLDER || i == CENSUS_MODULE)
			census_sort(&c->view[i], c->diff_seconds > 0);
	if (c->diff_seconds > 0)
		change_explain(&r->before, &r->after, r->summary, sizeof(r->summary));
	else
		change_describe(&r->after, r->summary, sizeof(r->summary));
	r->walks = s->heap.history.walks;
	r->loss.torn_reads = s->heap.history.torn_pools + s->heap.history.torn_chunks +
			     s->heap.reach.missed;
	fill_warnings(r, &s->heap);
	fill_own_cost(r, &s->mem);
	r->duration_seconds = now(s);
	r->cost.own_cpu_seconds = (double)(clock_cpu_ns() - s->cpu_began) / 1e9;
}

int census_run(struct census *c, pid_t pid, const struct options *o, struct log *log,
	       struct err *e)
{
	struct session s = { .log = log, .cpu_began = clock_cpu_ns() };
	int err;

	*c = (struct census){ .about.pid = pid, .by = o->by };
	clock_gettime(CLOCK_REALTIME, &c->about.started);
	if (o->diff_ns)
		interrupt_catch();
	err = open_all(&s, pid, e);
	if (!err) {
		fill_target(&c->about, &s.process, &s.rt);
		s.began = clock_ns();
		err = look(&s, c, (double)o->diff_ns / 1e9);
		if (err == -ESRCH || (err && !process_alive(&s.process)))
			err = err_set(e, -ESRCH, EXIT_TARGET_GONE,
				      "pid %d (%s) ended while its heap was read", pid,
				      s.process.comm);
		else if (err)
			err = err_set(e, err, EXIT_FAILED, "pid %d: reading its heap failed: %s",
				      pid, strerror(-err));
	}
	log_progress_end(log);
	if (!err)
		fill(c, &s);
	close_all(&s);
	return err;
}
