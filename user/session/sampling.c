// SPDX-License-Identifier: Apache-2.0
#include "sampling.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "../probe/governor.h"
#include "../util/clock.h"

#define STEP_MS 4
#define NICE (-10) /* where others have the CPU, probes come off late: that is dear */
/*
 * So long blocks are watched: so long an object has stayed, which began in the first part of it.
 * With so many writes each at most, and so many that are expected.
 */
#define TURN_NS 300000000u
#define STAYED_NS 30000000u
#define TURN_WRITES 64
#define WRITES_EXPECTED 30.0
/* Who made what nobody holds only a sample can tell; of what somebody holds it is one line more. */
#define WORTH_LOST 3.0
#define WORTH_HELD 0.5
#define BEGINNINGS_EXPECTED 4.0 /* writes of which the stacks are kept */
#define DELAY_MOST_NS 40000000u /* before probes go on, at random: targets have rhythms too */

static const uint32_t account_of[WINDOW_SOURCES] = {
	[WINDOW_MMAP] = ACCOUNT_MMAP,
	[WINDOW_LIBC] = ACCOUNT_LIBC,
	[WINDOW_PYMALLOC] = ACCOUNT_PYMALLOC,
	[WINDOW_BLOCKS] = ACCOUNT_BLOCK,
};

struct sampling {
	pthread_t thread;
	atomic_bool stop;
	atomic_bool wants; /* blocks can be watched, and must be */
	bool running; /* the thread was started and not joined */
	const struct process *process; /* borrowed, both */
	const struct py_runtime *rt;
	double budget;

	pthread_mutex_t lock; /* of what follows */
	struct block_kind wanted[BLOCK_KINDS_MAX];
	unsigned wanted_count;
	bool wanted_lost, wanted_new;

	/* The thread's, until it ended: */
	struct remote mem;
	struct py_points points;
	struct windows *windows;
	struct native *native;
	struct pyframes *frames;
	struct samples *samples;
	struct trap_cost trap;
	struct governor governor;
	uint64_t began_ns, opens_ns; /* not before that the next source goes on */
	uint64_t since_ns[WINDOW_SOURCES]; /* when its probes went on last */
	double spent_ns[WINDOW_SOURCES];   /* that the target paid while it was the newest */
	bool lost; /* the objects of which blocks are watched are held by nobody */
	uint64_t on_ns[WINDOW_SOURCES];
	unsigned opened;
	char why[160];
};

/*
 * A block that is watched from when it is free tells who makes an object that stays, for some ten
 * traps and on every build; functions of pymalloc trap for all objects that come and go.
 */
static void choose(struct sampling *s)
{
	bool can_watch = s->trap.watch_ns > 0;

	if (can_watch)
		windows_leave_out(s->windows, WINDOW_PYMALLOC, "blocks are watched instead");
	else
		windows_leave_out(s->windows, WINDOW_BLOCKS, "no debug registers are to be had");
	atomic_store(&s->wants, can_watch);
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
	choose(s);
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
		.allocations = stats.allocations + stats.writes,
		.kept = stats.kept,
		.cpu_ns = (double)process_cpu_ns(s->process),
		.cost_ns = windows_cost_ns(s->windows, &stats, &s->trap),
		.program_ns = (double)stats.program_ns,
	};
}

/* The source whose probes went on last; -1: none is on. */
static int newest(const struct sampling *s)
{
	int last = -1;

	for (int which = 0; which < WINDOW_SOURCES; which++)
		if (windows_attached(s->windows, which) &&
		    (last < 0 || s->since_ns[which] > s->since_ns[last]))
			last = which;
	return last;
}

static void close_one(struct sampling *s, int which)
{
	s->opens_ns = 0;
	if (which == WINDOW_BLOCKS) {
		windows_forget_spoilt(s->windows);
		samples_settle_marked(s->samples, ACCOUNT_BLOCK, STAYED_NS, &s->mem);
		windows_detach(s->windows, which);
		return;
	}
	windows_detach(s->windows, which);
	samples_settle(s->samples);
	samples_mark(s->samples, account_of[which], &s->mem);
}

/* What the last walk has seen grow, from the main thread. */
static void take_wanted(struct sampling *s)
{
	pthread_mutex_lock(&s->lock);
	if (s->wanted_new)
		windows_want(s->windows, s->wanted, s->wanted_count);
	s->lost = s->wanted_lost;
	s->wanted_new = false;
	pthread_mutex_unlock(&s->lock);
}

/* How much of the money the source may have, compared to others. */
static double worth(const struct sampling *s, unsigned which)
{
	if (which != WINDOW_BLOCKS)
		return 1;
	return s->lost ? WORTH_LOST : WORTH_HELD;
}

/*
 * The source that goes on next: the one on which least was spent, so that a dear one does not
 * starve the others. WINDOW_SOURCES: all are on.
 */
static unsigned next(const struct sampling *s)
{
	unsigned least = WINDOW_SOURCES;

	for (unsigned which = 0; which < WINDOW_SOURCES; which++) {
		if (windows_attached(s->windows, which) || *windows_missing(s->windows, which))
			continue;
		if (least == WINDOW_SOURCES ||
					       s->spent_ns[which] / worth(s, which) <
						       s->spent_ns[least] / worth(s, least))
			least = which;
	}
	return least;
}

static bool turn_is_over(const struct sampling *s, uint64_t now)
{
	return windows_attached(s->windows, WINDOW_BLOCKS) &&
	       now - s->since_ns[WINDOW_BLOCKS] > TURN_NS;
}

/* How many blocks can be watched for a turn, by what they are expected to cost. */
static unsigned blocks_affordable(const struct sampling *s)
{
	double each = WRITES_EXPECTED * s->trap.watch_ns +
		      BEGINNINGS_EXPECTED * s->governor.kept_ns;
	double blocks = s->governor.balance_ns / each;

	return blocks < 1 ? 0 : blocks > WATCH_SLOTS ? WATCH_SLOTS : (unsigned)blocks;
}

static bool may_open(struct sampling *s, unsigned which)
{
	unsigned blocks;

	if (which != WINDOW_BLOCKS)
		return governor_opens(&s->governor, (int)which);
	blocks = blocks_affordable(s);
	windows_allow_blocks(s->windows, blocks, TURN_WRITES);
	return blocks > 0;
}

/* Probes on or off, as the account says. True where that changed. */
static bool decide(struct sampling *s)
{
	unsigned which = next(s);
	uint64_t now = clock_ns();
	int last = newest(s);

	if (turn_is_over(s, now)) {
		close_one(s, WINDOW_BLOCKS);
		return true;
	}
	/* What blocks may cost was there when they went on. */
	if (last >= 0 && last != WINDOW_BLOCKS && governor_closes(&s->governor, last)) {
		governor_closed(&s->governor);
		close_one(s, last);
		return true;
	}
	if (which == WINDOW_SOURCES || !may_open(s, which))
		return false;
	if (!s->opens_ns)
		s->opens_ns = now + (uint64_t)random() % DELAY_MOST_NS;
	if (now < s->opens_ns)
		return false;
	s->opens_ns = 0;
	s->since_ns[which] = now;
	if (windows_attach(s->windows, which) == 0)
		s->opened++;
	return true;
}

/* On for the first time, at a price that nobody knows. */
static bool is_trial(const struct sampling *s)
{
	int last = newest(s);

	return last >= 0 && last != WINDOW_BLOCKS && s->governor.rate[last] < 0;
}

static void step(struct sampling *s, struct governor_totals *t)
{
	struct governor_totals before = *t;
	int was = newest(s);
	bool changed;

	take_wanted(s);
	windows_limit_blocks(s->windows);
	changed = decide(s);

	if (!is_trial(s)) /* a first stack takes ms: its tables are read */
		samples_drain(s->samples);
	take_totals(s, t);
	if (was >= 0)
		s->spent_ns[was] += t->cost_ns - before.cost_ns;
	governor_account(&s->governor, t, changed ? -1 : newest(s));
	windows_keep(s->windows, s->governor.chance);
	windows_allow(s->windows, governor_samples(&s->governor));
	for (int which = 0; which < WINDOW_SOURCES; which++)
		if (windows_attached(s->windows, which))
			s->on_ns[which] += t->now_ns - before.now_ns;
}

static void *run(void *arg)
{
	struct sampling *s = arg;
	struct governor_totals t;
	struct err e = { 0 };

	setpriority(PRIO_PROCESS, (id_t)gettid(), NICE); /* of this thread; may be denied */
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
	for (int which = newest(s); which >= 0; which = newest(s))
		close_one(s, which);
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
	pthread_mutex_init(&s->lock, NULL);
	s->process = p;
	s->rt = rt;
	s->budget = budget;
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

bool sampling_wants(const struct sampling *s)
{
	return s && atomic_load(&s->wants);
}

void sampling_want(struct sampling *s, const struct block_kind *kind, unsigned count, bool lost)
{
	if (!s || !s->running)
		return;
	pthread_mutex_lock(&s->lock);
	s->wanted_count = count < BLOCK_KINDS_MAX ? count : BLOCK_KINDS_MAX;
	memcpy(s->wanted, kind, s->wanted_count * sizeof(*kind));
	s->wanted_lost = lost;
	s->wanted_new = true;
	pthread_mutex_unlock(&s->lock);
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
	pthread_mutex_destroy(&s->lock);
	free(s);
}

double sampling_cost_ns(const struct sampling *s)
{
	struct windows_stats hits;

	if (!s || !s->windows)
		return 0;
	windows_stats(s->windows, &hits);
	return windows_cost_ns(s->windows, &hits, &s->trap);
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
	snprintf(out->why, sizeof(out->why), "%s", s->why);
	if (!s->windows || !s->samples)
		return;
	windows_stats(s->windows, &out->hits);
	samples_loss(s->samples, &out->loss);
	for (unsigned which = 0; which < WINDOW_SOURCES; which++) {
		snprintf(out->missing[which], sizeof(out->missing[which]), "%s",
			 windows_missing(s->windows, which));
		out->on[which] = look_ns ? (double)s->on_ns[which] / (double)look_ns : 0;
	}
}
