// SPDX-License-Identifier: Apache-2.0
#include "fds.h"

#include <errno.h>
#include <string.h>

#include "../util/clock.h"
#include "fill.h"
#include "interrupt.h"
#include "resource_look.h"

#define DURATION_DEFAULT_NS 15000000000ULL
#define WINDOW_SHARE 0.6 /* of the duration; the rest is for what was made to age */

struct fds {
	struct process process;
	struct py_runtime rt;
	struct remote mem;
	struct pyframes *frames;
	struct heap heap;
	struct resource_look look;
	struct log *log;
};

static int open_all(struct fds *f, pid_t pid, struct err *e)
{
	int rc = process_open(&f->process, pid, e);

	if (rc)
		return rc;
	remote_init(&f->mem, pid);
	rc = py_runtime_open(&f->rt, &f->process, &f->mem, e);
	if (rc)
		return rc;
	f->frames = pyframes_new(&f->rt.layout, &f->mem);
	if (!f->frames || heap_open(&f->heap, &f->rt, &f->mem))
		return err_set(e, -ENOMEM, EXIT_FAILED, "not enough memory to look at pid %d",
			       (int)pid);
	f->look.process = &f->process;
	f->look.rt = &f->rt;
	f->look.mem = &f->mem;
	f->look.frames = f->frames;
	f->look.heap = &f->heap;
	return 0;
}

static void close_all(struct fds *f)
{
	resource_look_release(&f->look);
	heap_close(&f->heap);
	pyframes_free(f->frames);
	process_close(&f->process);
}

static int watch_until(struct fds *f, double end, double whole)
{
	int rc = 0;

	while (!rc && resource_look_seconds(&f->look) < end && !interrupt_seen()) {
		log_progress(f->log, "watching what is opened and closed: %.1f of %.0f s",
			     resource_look_seconds(&f->look), whole);
		clock_sleep_ms(RESOURCE_TICK_MS);
		rc = process_alive(&f->process) ? resource_look_tick(&f->look) : -ESRCH;
	}
	return rc;
}

static int watch(struct fds *f, struct resources *r, double seconds)
{
	int rc = watch_until(f, seconds * WINDOW_SHARE, seconds);

	if (rc)
		return rc;
	resource_look_close_window(&f->look);
	rc = watch_until(f, seconds, seconds);
	log_progress(f->log, "looking who owns and holds what");
	return rc ? rc : resource_look_finish(&f->look, r);
}

int fds_run(struct resources *r, pid_t pid, const struct options *o, struct log *log,
	    struct err *e)
{
	double seconds = (double)(o->duration_ns ? o->duration_ns : DURATION_DEFAULT_NS) / 1e9;
	uint64_t cpu_began = clock_cpu_ns();
	struct fds f = { .log = log };
	int rc;

	*r = (struct resources){ .look.pid = pid };
	clock_gettime(CLOCK_REALTIME, &r->look.started);
	interrupt_catch();
	rc = open_all(&f, pid, e);
	if (!rc)
		rc = resource_look_begin(&f.look, r, o->budget_percent, seconds, e);
	if (!rc) {
		fill_target(&r->look, &f.process, &f.rt);
		rc = watch(&f, r, seconds);
		if (rc)
			err_set(e, rc, rc == -ESRCH ? EXIT_TARGET_GONE : EXIT_FAILED,
				"pid %d: watching its resources failed: %s", (int)pid,
				rc == -ESRCH ? "it ended" : strerror(-rc));
		fill_own_cost(&r->look, &f.mem);
		r->look.cost.own_cpu_seconds = (double)(clock_cpu_ns() - cpu_began) / 1e9;
	}
	log_progress_end(log);
	close_all(&f);
	return rc;
}
