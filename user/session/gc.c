// SPDX-License-Identifier: Apache-2.0
#include "gc.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include "../cpython/collector.h"
#include "../cpython/points.h"
#include "../cpython/runtime.h"
#include "../cpython/typename.h"
#include "../probe/gc_watch.h"
#include "../rank/pauses.h"
#include "../util/clock.h"
#include "collections.h"
#include "fill.h"
#include "freed.h"
#include "interrupt.h"
#include "look.h"

#define DURATION_DEFAULT_NS (30 * 1000000000ULL)
#define POLL_MS 100
#define LIVE_NS 1000000000ULL
/* What samples of garbage may take before the target has used any CPU: one or two of them. */
#define SAMPLING_FIRST_NS 100000ULL

struct gc_session {
	struct process process;
	struct py_runtime rt;
	struct remote mem;
	struct gc_layout layout;
	struct gc_watch *watch;
	struct pyframes *frames;
	struct collections collections;
	struct freed freed;
	struct log *log;
	double sampling_share; /* of the target's CPU time; 0: no samples */
	uint64_t began, cpu_began, end, target_cpu_began;
};

static int open_target(struct gc_session *s, pid_t pid, struct err *e)
{
	int err = process_open(&s->process, pid, e);

	if (err)
		return err;
	remote_init(&s->mem, pid);
	err = py_runtime_open(&s->rt, &s->process, &s->mem, e);
	if (!err)
		err = py_collector_layout(&s->rt, &s->mem, &s->layout, e);
	if (err)
		return err;
	s->frames = pyframes_new(&s->rt.layout, &s->mem);
	return s->frames ? 0
			 : err_set(e, -ENOMEM, EXIT_FAILED, "not enough memory to look at pid %d",
				   pid);
}

static int open_watch(struct gc_session *s, const struct options *o, struct err *e)
{
	struct py_points *points = calloc(1, sizeof(*points));
	struct py_unwind unwind;
	int err;

	if (!points)
		return err_set(e, -ENOMEM, EXIT_FAILED, "not enough memory to look at pid %d",
			       s->process.pid);
	py_runtime_unwind(&s->rt, &unwind);
	s->layout.min_pause_ns = o->min_pause_ns;
	if (o->types) {
		s->sampling_share = o->budget_percent / 100;
		s->layout.sample_rest = (uint32_t)ceil(1 / s->sampling_share);
	}
	err = py_points_find(points, &s->rt, &s->process, &s->mem, e);
	if (!err)
		err = gc_watch_open(&s->watch, &s->rt, points, &unwind, &s->layout, e);
	free(points);
	return err;
}

static void close_all(struct gc_session *s)
{
	gc_watch_close(s->watch);
	collections_release(&s->collections);
	freed_release(&s->freed);
	pyframes_free(s->frames);
	process_close(&s->process);
}

/* Gone, or replaced by another program: the word that every Python has where we found it. */
static bool target_is_gone(struct gc_session *s)
{
	uint64_t type;

	return !process_alive(&s->process) ||
	       !remote_u64(&s->mem, s->rt.type_type + s->rt.layout.ob_type, &type) ||
	       type != s->rt.type_type;
}

static void fill_garbage(struct gc_session *s, uint64_t list, struct pauses *p)
{
	struct py_garbage garbage;

	p->garbage = 0;
	p->garbage_types = 0;
	if (py_collector_garbage(&s->rt.layout, &s->mem, list, &garbage))
		return;
	p->garbage = garbage.objects;
	for (unsigned i = 0; i < garbage.types && i < PAUSE_GARBAGE_TYPES; i++) {
		snprintf(p->garbage_type[i].type, sizeof(p->garbage_type[i].type), "%s",
			 garbage.type[i].name);
		p->garbage_type[i].objects = garbage.type[i].objects;
		p->garbage_types = i + 1;
	}
}

/* What the collector says of itself; what was read last stays when the target is gone. */
static void fill_collector(struct gc_session *s, struct pauses *p)
{
	uint64_t state = py_collector_main(&s->rt, &s->mem, &s->layout);
	struct py_collector c;

	if (!state || py_collector_read(&s->layout, &s->mem, state, &c, &s->rt.layout))
		return;
	p->enabled = c.enabled;
	p->tracked = c.tracked < 0 ? UNKNOWN : c.tracked;
	for (int i = 0; i < PAUSE_GENERATIONS; i++)
		p->threshold[i] = c.threshold[i];
	fill_garbage(s, c.garbage, p);
}

static void take_collection(void *arg, const struct gc_event *event)
{
	collections_take(&((struct gc_session *)arg)->collections, event);
}

static void take_sample(void *arg, const struct gc_sample_event *event)
{
	freed_take(&((struct gc_session *)arg)->freed, event);
}

static void name_type(void *arg, uint64_t type, char *buf, size_t cap)
{
	struct gc_session *s = arg;

	py_type_name(&s->rt.layout, &s->mem, type, buf, cap);
}

static int poll_watch(struct gc_session *s, int timeout_ms)
{
	const struct gc_watch_sink sink = { .collection = take_collection,
					    .sample = take_sample,
					    .arg = s };
	uint64_t used = process_cpu_ns(&s->process) - s->target_cpu_began;

	gc_watch_allow(s->watch, SAMPLING_FIRST_NS + (uint64_t)(s->sampling_share * (double)used));
	return gc_watch_poll(s->watch, timeout_ms, &sink);
}

static void fill(struct gc_session *s, struct pauses *p)
{
	struct gc_watch_stats stats;
	struct rusage usage;
	uint64_t now = clock_ns();
	double cost_ns;

	gc_watch_stats(s->watch, &stats);
	p->look.duration_seconds = (double)(now - s->began) / 1e9;
	collections_sum(&s->collections, &stats);
	p->sampled = s->sampling_share > 0;
	freed_sum(&s->freed, &p->freed);
	p->unfinished_seconds =
		stats.unfinished ? (double)(now - stats.oldest_unfinished_ns) / 1e9 : 0;
	snprintf(p->attached_by, sizeof(p->attached_by), "%s", gc_watch_place(s->watch));
	cost_ns = (double)stats.bpf_ns + GC_WATCH_TRAP_NS * (double)p->look.cost.probe_hits;
	p->look.cost.target_cpu_percent =
		stats.bpf_ns ? 100 * cost_ns / (double)(now - s->began) : -1;
	getrusage(RUSAGE_SELF, &usage);
	p->look.cost.own_rss_peak_bytes = (uint64_t)usage.ru_maxrss * 1024;
	p->look.cost.bytes_read = s->mem.bytes;
	p->look.cost.own_cpu_seconds = (double)(clock_cpu_ns() - s->cpu_began) / 1e9;
	pauses_judge(p);
}

static void watch(struct gc_session *s, struct pauses *p,
		  void (*shown)(void *arg, const struct pauses *p), void *arg)
{
	uint64_t next = s->began + LIVE_NS, now = s->began;

	while (now < s->end && !interrupt_seen()) {
		int left = (int)((s->end - now) / 1000000) + 1;

		if (poll_watch(s, left < POLL_MS ? left : POLL_MS) < 0 || target_is_gone(s))
			break;
		now = clock_ns();
		fill_collector(s, p);
		log_progress(s->log, "watching collections: %.0f of %.0f s, %zu so far",
			     (double)(now - s->began) / 1e9, (double)(s->end - s->began) / 1e9,
			     p->count);
		if (shown && now >= next) {
			fill(s, p);
			shown(arg, p);
			next += LIVE_NS;
		}
	}
	poll_watch(s, 0);
}

/* A target that ended has a report as long as there is something to report. */
static int note_end(struct gc_session *s, struct pauses *p, struct err *e)
{
	if (!target_is_gone(s))
		return 0;
	if (!pauses_counted(p) && !p->unfinished)
		return err_set(e, -ESRCH, EXIT_TARGET_GONE,
			       "pid %d (%s) ended, or became another program, before a collection "
			       "was seen",
			       s->process.pid, s->process.comm);
	report_warn(&p->look, "the process ended, or became another program, after %.1f s%s",
		    p->look.duration_seconds,
		    p->unfinished ? ", in the middle of a collection" : "");
	return 0;
}

/* Pauses that grow have a cause: the leak that feeds them. */
static void find_suspect(struct pauses *p, pid_t pid, const struct options *o, struct log *log)
{
	struct options look = *o;
	struct err e = { 0 };
	struct report r;

	look.duration_ns = 0; /* until the answer is clear */
	look.exact = false;
	log_progress(log, "pauses grow: looking for the leak that feeds them");
	if (!look_run(&r, pid, &look, log, &e) && r.count &&
	    r.candidates[0].verdict == VERDICT_LEAK) {
		p->suspect = malloc(sizeof(*p->suspect));
		if (p->suspect)
			*p->suspect = r.candidates[0];
	}
	report_release(&r);
	pauses_judge(p);
}

int gc_run(struct pauses *p, pid_t pid, const struct options *o, struct log *log,
	   void (*shown)(void *arg, const struct pauses *p), void *arg, struct err *e)
{
	struct gc_session s = { .log = log, .cpu_began = clock_cpu_ns() };
	int err;

	*p = (struct pauses){ .look.pid = pid, .tracked = UNKNOWN };
	interrupt_catch();
	err = open_target(&s, pid, e);
	if (!err)
		err = open_watch(&s, o, e);
	if (!err) {
		clock_gettime(CLOCK_REALTIME, &p->look.started);
		s.began = p->began_ns = clock_ns();
		s.target_cpu_began = process_cpu_ns(&s.process);
		s.end = s.began + (o->duration_ns ? o->duration_ns : DURATION_DEFAULT_NS);
		p->min_pause_ns = o->min_pause_ns;
		fill_target(&p->look, &s.process, &s.rt);
		collections_init(&s.collections, p, s.frames, &s.layout, &s.rt.layout, &s.mem);
		freed_init(&s.freed, name_type, &s);
		fill_collector(&s, p);
		log_detail(log, "pid %d: watching collections, the collector found by %s", pid,
			   gc_watch_place(s.watch));
		watch(&s, p, shown, arg);
		log_progress_end(log);
		fill(&s, p);
		err = note_end(&s, p, e);
		if (!err && p->growing && !interrupt_seen() && !target_is_gone(&s))
			find_suspect(p, pid, o, log);
		log_progress_end(log);
	}
	close_all(&s);
	return err;
}
