// SPDX-License-Identifier: Apache-2.0
#include "sampling.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../probe/governor.h"
#include "../util/clock.h"

#define STEP_MS 4
#define DELAY_MOST_NS 40000000u /* before probes go on, at random: targets have rhythms too */

static const uint32_t account_of[WINDOW_SOURCES] = {
	[WINDOW_POOLS] = ACCOUNT_POOL,
	[WINDOW_LIBC] = ACCOUNT_LIBC,
	[WINDOW_PYMALLOC] = ACCOUNT_PYMALLOC,
};

struct sampling {
	pthread_t thread;
	atomic_bool stop;
	bool running; /* the thread was started and not joined */
	const struct process *process; /* borrowed, both */
	const struct py_runtime *rt;
	double budget;

	/* The thread's, until it ended: */
	struct remote mem;
	struct py_points points;
	struct windows *windows;
	struct native *native;
	struct pyframes *frames;
	struct samples *samples;
	struct trap_cost trap;
	struct governor governor;
	double cpu_began_ns; /* of the target */
	uint64_t began_ns, opens_ns; /* not before that the next source goes on */
	uint64_t on_ns[WINDOW_SOURCES];
	unsigned opened;
	char why[160];
};

static double cpu_of(const struct sampling *s)
{
	clockid_t clock;

	if (clock_getcpuclockid(s->process->pid, &clock))
		return 0;
	return (double)clock_read(clock);
}

static int open_all(struct sampling *s, struct err *e)
{
	int rc;

	remote_init(&s->mem, s->process->pid);
	rc = py_points_find(&s->points, s->rt, s->process, &s->mem, e);
	if (!rc)
		rc = windows_open(&s->windows, s->process, s->rt, &s->points, e);
	if (rc)
		return rc;
	rc = calibrate_traps(windows_way(s->windows), &s->trap);
	if (rc)
		return err_set(e, rc, EXIT_FAILED, "the cost of a probe could not be measured: %s",
			       strerror(-rc));
	s->frames = pyframes_new(&s->rt->layout, &s->mem);
	rc = s->frames ? native_new(&s->native, s->process, s->rt) : -ENOMEM;
	if (!rc)
		rc = samples_open(&s->samples, s->windows, s->native, s->frames);
	return rc ? err_set(e, rc, EXIT_FAILED, "no room for samples: %s", strerror(-rc)) : 0;
}

static void take_totals(struct sampling *s, struct governor_totals *t)
{
	struct windows_stats stats;

	windows_stats(s->windows, &stats);
	*t = (struct governor_totals){
		.now_ns = clock_ns(),
		.allocations = stats.allocations - stats.pools,
		.kept = stats.kept - stats.pools_kept,
		.pools = stats.pools,
		.pools_kept = stats.pools_kept,
		.cpu_ns = cpu_of(s),
		.cost_ns = windows_cost_ns(s->windows, &stats, &s->trap),
		.program_ns = (double)stats.program_ns,
	};
}

/* The source whose probes went on last; -1: none is on. Sources go on in order. */
static int newest(const struct sampling *s)
{
	for (int which = WINDOW_SOURCES - 1; which >= 0; which--)
		if (windows_attached(s->windows, which))
			return which;
	return -1;
}

static void close_newest(struct sampling *s)
{
	int which = newest(s);

	if (which < 0)
		return;
	windows_detach(s->windows, which);
	if (which != WINDOW_POOLS)
		samples_settle(s->samples);
	samples_mark(s->samples, account_of[which], &s->mem);
}

/* The first source that could go on; WINDOW_SOURCES: all are on. */
static unsigned next(const struct sampling *s)
{
	unsigned which = 0;

	while (which < WINDOW_SOURCES && (windows_attached(s->windows, which) ||
					  *windows_missing(s->windows, which)))
		which++;
	return which;
}

/* Probes on or off, as the account says. True where that changed. */
static bool decide(struct sampling *s)
{
	unsigned which = next(s);
	uint64_t now = clock_ns();

	if (governor_closes(&s->governor, newest(s))) {
		s->opens_ns = 0;
		close_newest(s);
		return true;
	}
	if (which == WINDOW_SOURCES || !governor_opens(&s->governor, (int)which))
		return false;
	if (!s->opens_ns)
		s->opens_ns = now + (uint64_t)random() % DELAY_MOST_NS;
	if (now < s->opens_ns)
		return false;
	s->opens_ns = 0;
	if (windows_attach(s->windows, which) == 0)
		s->opened++;
	return true;
}

static void step(struct sampling *s, struct governor_totals *t)
{
	bool changed = decide(s);
	uint64_t before = t->now_ns;

	samples_drain(s->samples);
	samples_mark(s->samples, ACCOUNT_POOL, &s->mem); /* whose frees are not probed */
	take_totals(s, t);
	governor_account(&s->governor, t, changed ? -1 : newest(s));
	windows_keep(s->windows, s->governor.chance, s->governor.pool_chance);
	windows_allow(s->windows, governor_samples(&s->governor));
	for (int which = 0; which < WINDOW_SOURCES; which++)
		if (windows_attached(s->windows, which))
			s->on_ns[which] += t->now_ns - before;
}

static void *run(void *arg)
{
	struct sampling *s = arg;
	struct governor_totals t;
	struct err e = { 0 };

	if (open_all(s, &e)) {
		snprintf(s->why, sizeof(s->why), "%.159s", e.text);
		return NULL;
	}
	take_totals(s, &t);
	governor_init(&s->governor, s->budget, windows_least_ns(s->windows), &t);
	s->began_ns = t.now_ns;
	while (!atomic_load(&s->stop)) {
		step(s, &t);
		clock_sleep_ms(STEP_MS);
	}
	while (newest(s) >= 0)
		close_newest(s);
	return NULL;
}

int sampling_start(struct sampling **out, const struct process *p, const struct py_runtime *rt,
		   double budget)
{
	struct sampling *s = calloc(1, sizeof(*s));
	sigset_t all, before;
	int rc;

	*out = NULL;
	if (!s)
		return -ENOMEM;
	s->process = p;
	s->rt = rt;
	s->budget = budget;
	s->cpu_began_ns = cpu_of(s);
	sigfillset(&all); /* signals are the main thread's */
	pthread_sigmask(SIG_SETMASK, &all, &before);
	rc = -pthread_create(&s->thread, NULL, run, s);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	s->running = !rc;
	if (rc) {
		sampling_free(s);
		return rc;
	}
	*out = s;
	return 0;
}

void sampling_stop(struct sampling *s)
{
	if (!s || !s->running)
		return;
	atomic_store(&s->stop, true);
	pthread_join(s->thread, NULL);
	s->running = false;
}

void sampling_free(struct sampling *s)
{
	if (!s)
		return;
	sampling_stop(s);
	samples_close(s->samples);
	native_free(s->native);
	pyframes_free(s->frames);
	windows_close(s->windows);
	free(s);
}

struct samples *sampling_samples(struct sampling *s)
{
	return s ? s->samples : NULL;
}

void sampling_end(const struct sampling *s, struct sampling_end *out)
{
	uint64_t look_ns;

	*out = (struct sampling_end){ 0 };
	if (!s)
		return;
	look_ns = s->governor.last.now_ns - s->began_ns;
	out->windows = s->opened;
	out->target_cpu_ns = cpu_of(s) - s->cpu_began_ns;
	snprintf(out->why, sizeof(out->why), "%s", s->why);
	if (!s->windows || !s->samples)
		return;
	windows_stats(s->windows, &out->hits);
	out->cost_ns = windows_cost_ns(s->windows, &out->hits, &s->trap);
	samples_loss(s->samples, &out->loss);
	for (unsigned which = 0; which < WINDOW_SOURCES; which++) {
		snprintf(out->missing[which], sizeof(out->missing[which]), "%s",
			 windows_missing(s->windows, which));
		out->on[which] = look_ns ? (double)s->on_ns[which] / (double)look_ns : 0;
	}
}
