// SPDX-License-Identifier: Apache-2.0
#include "exact.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "../cpython/inlined.h"
#include "../heap/heap.h"
#include "../heap/occupied.h"
#include "../redirect/redirect.h"
#include "../rank/verdict.h"
#include "../sample/drain.h"
#include "../target/footprint.h"
#include "../util/clock.h"
#include "exact_lines.h"
#include "exact_sites.h"
#include "fill.h"
#include "interrupt.h"

#define DEFAULT_NS 10000000000ull
#define ROOM_LIVE (1u << 20) /* 96 MiB of kernel memory */
#define ROOM_SITES (1u << 15)
#define BORN_LEAST 100 /* blocks that came and stayed, for a coverage that means something */
#define COVERAGE_LEAST 0.95

struct exact {
	struct process process;
	struct py_runtime rt;
	struct remote mem;
	struct py_points points;
	struct heap heap;
	struct occupied before;
	struct account *account;
	struct redirect *redirect; /* NULL: not asked for */
	struct pyframes *frames;
	struct drain *drain;
	struct addresses seen; /* outstanding for the kernel side */
	uint64_t born, born_seen;
	uint32_t shift;
	uint64_t began, cpu_began;
	double counted; /* seconds that the probes were there */
};

static double seconds(const struct exact *x)
{
	return (double)(clock_ns() - x->began) / 1e9;
}

/* The probes are there before the calls that they are to see, and stay until the last. */
static int attach_all(struct exact *x, struct err *e)
{
	int rc = 0;

	for (int source = 0; source < ACCOUNT_IS_COUNT && !rc; source++)
		rc = account_attach(x->account, source, e);
	return !rc && x->redirect ? redirect_begin(x->redirect, e) : rc;
}

static int open_all(struct exact *x, pid_t pid, bool redirect, struct err *e)
{
	const struct account_options options = { attach_best(), ROOM_LIVE, ROOM_SITES, redirect,
						  false };
	int rc = process_open(&x->process, pid, e);

	if (rc)
		return rc;
	remote_init(&x->mem, pid);
	rc = py_runtime_open(&x->rt, &x->process, &x->mem, e);
	if (!rc)
		rc = py_points_find(&x->points, &x->rt, &x->process, &x->mem, e);
	if (!rc && redirect)
		rc = redirect_open(&x->redirect, &x->process, &x->points, e);
	if (!rc)
		rc = account_open(&x->account, &x->process, &x->rt, &x->points, &options, e);
	if (rc)
		return rc;
	x->frames = pyframes_new(&x->rt.layout, &x->mem);
	rc = x->frames ? heap_open(&x->heap, &x->rt, &x->mem) : -ENOMEM;
	if (!rc)
		rc = drain_open(&x->drain, x->account, x->frames);
	if (rc)
		return err_set(e, rc, EXIT_FAILED, "cannot account for pid %d: %s", (int)pid,
			       strerror(-rc));
	return attach_all(x, e);
}

static void close_all(struct exact *x)
{
	redirect_close(x->redirect);
	addresses_release(&x->seen);
	occupied_release(&x->before);
	drain_close(x->drain);
	account_close(x->account);
	pyframes_free(x->frames);
	heap_close(&x->heap);
	process_close(&x->process);
}

static bool must_stop(const struct exact *x)
{
	return interrupt_seen() || !process_alive(&x->process) || account_stopped(x->account);
}

static int watch_until(struct exact *x, double end, struct log *log)
{
	int rc = 0;

	while (!rc && seconds(x) < end && !must_stop(x)) {
		log_progress(log, "counting allocations: %.1f of %.0f s", seconds(x), end);
		clock_sleep_ms(DRAIN_INTERVAL_MS);
		rc = drain_stacks(x->drain);
		rc = rc < 0 ? rc : drain_thin(x->drain);
	}
	return rc;
}

static void take_address(void *arg, uint64_t address, const struct live_block *block)
{
	struct exact *x = arg;

	(void)block;
	addresses_add(&x->seen, address);
}

static void take_born(void *arg, uint64_t address)
{
	struct exact *x = arg;

	if (!account_keeps(address, x->shift))
		return;
	x->born++;
	x->born_seen += addresses_have(&x->seen, address);
}

/* What the probes saw of the blocks that came and stayed. A block may come or go while we look. */
static int measure_coverage(struct exact *x)
{
	int rc = drain_live(x->drain, take_address, x);

	if (!rc)
		rc = heap_walk(&x->heap, seconds(x));
	if (!rc)
		rc = drain_live(x->drain, take_address, x);
	if (rc)
		return rc;
	addresses_sort(&x->seen);
	x->shift = account_shift(x->account);
	occupied_since(&x->before, &x->heap.history.now, take_born, x);
	return 0;
}

static void say_coverage(struct exact *x, struct report *r, bool pools)
{
	const struct account_attached *a = account_attached(x->account, ACCOUNT_IS_PYMALLOC);
	double share = x->born ? (double)x->born_seen / (double)x->born : 0;

	if (py_threads_are_ambiguous(&x->rt, &x->mem))
		report_warn(r, "the process has sub-interpreters, and before 3.13 its threads do "
			       "not say which they run: stacks may be of another one");
	if (!a->probes)
		report_warn(r, "CPython's allocator could not be probed (%.120s)", a->why);
	else if (x->born < BORN_LEAST)
		report_warn(r, "coverage was not measured: only %llu blocks came and stayed",
			    (unsigned long long)x->born << x->shift);
	else
		report_warn(r,
			    "coverage: the probes saw %.1f %% of %llu blocks that came and "
			    "stayed%s",
			    share * 100, (unsigned long long)x->born << x->shift,
			    share < COVERAGE_LEAST
				    ? "; this build inlines its allocator into the callers"
				    : "");
	if (pools)
		report_warn(r, "so Python's small blocks are estimated by the stacks that began a "
			       "new pool of them; larger ones are exact");
	if (x->shift)
		report_warn(r, "the map of allocations was too small: 1 of %u addresses was kept",
			    1u << x->shift);
}

/* What was counted where the allocator is inlined, beside what its functions were called for. */
static void say_inlined(const struct exact *x, struct report *r, const struct alloc_sites *all)
{
	const struct account_attached *a = account_attached(x->account, ACCOUNT_IS_INLINED);
	int64_t counted = 0, called = 0;

	for (size_t i = 0; i < all->count; i++) {
		if (all->site[i].source == ACCOUNT_INLINED)
			counted += all->site[i].alloc_objects;
		else if (all->site[i].source == ACCOUNT_PYMALLOC)
			called += all->site[i].alloc_objects;
	}
	if (a->probes)
		report_warn(r,
			    "%lld allocations were counted at the %u places where this build "
			    "inlines its allocator, %lld of them with size and address; --redirect "
			    "sees both of all",
			    (long long)counted, a->probes, (long long)called);
	else if (a->why[0])
		report_warn(r, "allocations were not counted where this build inlines them: %.120s",
			    a->why);
}

static void fill_loss(const struct exact *x, struct report *r)
{
	struct account_stats stats;
	struct drain_loss loss;
	struct rusage usage;

	account_stats(x->account, &stats);
	drain_loss(x->drain, &loss);
	r->loss.map_full = stats.dropped[DROP_LIVE_FULL] + stats.dropped[DROP_SITES_FULL];
	r->loss.dropped_events = stats.dropped[DROP_CALL_LOST] + stats.dropped[DROP_THREADS_FULL] +
				 stats.dropped[DROP_MISPREDICTED];
	r->loss.truncated_stacks = stats.dropped[DROP_BAD_FRAME] + stats.dropped[DROP_RINGBUF_FULL];
	r->loss.unresolved_frames = loss.unresolved_frames;
	r->cost.probe_hits = stats.hits;
	r->cost.bytes_read = x->mem.bytes;
	r->cost.target_cpu_percent = -1; /* only programs are timed, and the traps cost more */
	getrusage(RUSAGE_SELF, &usage);
	r->cost.own_rss_peak_bytes = (uint64_t)usage.ru_maxrss * 1024;
}

static void say_summary(struct report *r, const struct alloc_sites *all, bool pools)
{
	int64_t bytes = 0;

	for (size_t i = 0; i < all->count; i++)
		if (all->site[i].source != (pools ? ACCOUNT_PYMALLOC : ACCOUNT_POOL))
			bytes += all->site[i].inuse_bytes;
	snprintf(r->summary, sizeof(r->summary),
		 "%lld KiB came in that time and were not freed; who holds them was not looked for",
		 (long long)bytes >> 10);
}

static enum lines_of lines_of(const struct exact *x, bool pools)
{
	if (account_attached(x->account, ACCOUNT_IS_INLINED)->probes)
		return LINES_OF_INLINED;
	return pools ? LINES_OF_MALLOC : LINES_OF_ALL;
}

static int fill(struct exact *x, struct report *r)
{
	bool pools = x->born >= BORN_LEAST &&
		     (double)x->born_seen < COVERAGE_LEAST * (double)x->born;
	const struct alloc_sites *all;
	int rc = drain_totals(x->drain, &all);

	pools = pools || !account_attached(x->account, ACCOUNT_IS_PYMALLOC)->probes;
	r->duration_seconds = x->counted;
	r->walks = x->heap.history.walks;
	r->threshold_bytes_per_second = verdict_threshold(r->duration_seconds);
	if (!rc)
		rc = exact_candidates(r, all, pools);
	if (!rc)
		rc = exact_lines(r, all, lines_of(x, pools));
	if (rc)
		return rc;
	say_coverage(x, r, pools);
	say_inlined(x, r, all);
	fill_loss(x, r);
	r->cost.own_cpu_seconds = (double)(clock_cpu_ns() - x->cpu_began) / 1e9;
	verdict_report(r);
	say_summary(r, all, pools);
	return 0;
}

/* Put everything back, and what that came to. A target that could not be restored is no failure. */
static void say_redirect(struct exact *x, struct report *r)
{
	const struct restored *done = redirect_done(x->redirect);
	struct err e = { 0 };

	if (redirect_end(x->redirect, &e))
		report_warn(r, "%s", e.text);
	r->cost.target_stopped_ns = done->stopped_ns;
	if (done->children)
		report_warn(r, "%u children forked meanwhile were restored as well",
			    done->children);
	if (done->children_left)
		report_warn(r,
			    "%u children forked meanwhile could not be restored: they run the same "
			    "code, a little slower",
			    done->children_left);
}

/*
 * After a walk, where all calls and frees pass the probes. An interpreter that begins later may
 * have pools of its own: the kernel side notices.
 */
static void predict(struct exact *x)
{
	bool all = x->redirect || !py_is_inlined(&x->points);

	if (all && py_interpreter_count(&x->rt, &x->mem) == 1)
		account_predict(x->account, heap_usedpools(&x->heap));
}

static int look(struct exact *x, struct report *r, const struct options *o, struct log *log)
{
	int rc;

	x->began = clock_ns();
	footprint_read(&r->before, &x->process);
	rc = heap_walk(&x->heap, 0);
	if (!rc)
		rc = occupied_take(&x->before, &x->heap.history.now);
	if (!rc) {
		predict(x);
		rc = watch_until(x, (double)(o->duration_ns ? o->duration_ns : DEFAULT_NS) / 1e9,
				 log);
	}
	if (!rc && process_alive(&x->process))
		rc = measure_coverage(x);
	if (x->redirect)
		say_redirect(x, r);
	x->counted = seconds(x);
	account_detach(x->account);
	footprint_read(&r->after, &x->process);
	return rc ? rc : fill(x, r);
}

int exact_run(struct report *r, pid_t pid, const struct options *o, struct log *log, struct err *e)
{
	struct exact *x = calloc(1, sizeof(*x));
	int rc;

	*r = (struct report){ .pid = pid };
	clock_gettime(CLOCK_REALTIME, &r->started);
	if (!x)
		return err_set(e, -ENOMEM, EXIT_FAILED, "no memory to look at pid %d", (int)pid);
	x->cpu_began = clock_cpu_ns();
	interrupt_catch();
	rc = open_all(x, pid, o->redirect, e);
	if (!rc) {
		fill_target(r, &x->process, &x->rt);
		rc = look(x, r, o, log);
		if (rc)
			err_set(e, rc, rc == -ESRCH ? EXIT_TARGET_GONE : EXIT_FAILED,
				"pid %d: counting its allocations failed: %s", (int)pid,
				strerror(-rc));
	}
	log_progress_end(log);
	close_all(x);
	free(x);
	return rc;
}
