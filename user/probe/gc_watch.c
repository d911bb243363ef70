// SPDX-License-Identifier: Apache-2.0
#include "gc_watch.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "../target/maps.h"
#include "../util/clock.h"
#include "loader.h"

#define DRAIN_NS 10000000LL
#define LINKS_MAX (2 * PY_POINT_SITES)

/* x86: the return address; elsewhere it is in a register. */
#if defined(__x86_64__)
#define RETURN_TAKES 8
#else
#define RETURN_TAKES 0
#endif

/* The first version whose collector is told why it runs, as its third argument. */
#define REASON_MINOR 13
/* The first whose collector is told for which thread: before 3.9 there is one state for all. */
#define THREAD_MINOR 9

struct gc_watch {
	struct loader loader;
	struct ring_buffer *ring;	  /* owned */
	struct bpf_link *link[LINKS_MAX]; /* owned */
	unsigned links;
	const char *attached_by;

	/* While a poll runs: where its events go. */
	const struct gc_watch_sink *sink;
	int delivered;
};

static int take_event(void *context, void *data, size_t size)
{
	struct gc_watch *w = context;
	const struct gc_event *event = data;

	if (size < sizeof(*event) || event->depth > PY_MAX_FRAMES ||
	    event->outcome.generation >= GC_GENERATIONS)
		return 0;
	w->sink->collection(w->sink->arg, event);
	w->delivered++;
	return 0;
}

static int take_sample(void *context, void *data, size_t size)
{
	struct gc_watch *w = context;
	const struct gc_sample_event *event = data;

	if (size < sizeof(*event) || event->generation >= GC_GENERATIONS)
		return 0;
	for (int i = 0; i < GC_SAMPLE_LISTS; i++)
		if (event->count[i] > GC_SAMPLE_LIST)
			return 0;
	w->sink->sample(w->sink->arg, event);
	return 0;
}

/*
 * A path that leads to the very file that is mapped, whatever mount namespace it is in and whether
 * or not it still has a name.
 */
static int image_path(const struct py_runtime *rt, char *path, size_t cap)
{
	const struct map *map;
	struct maps maps;
	int rc = maps_read(&maps, rt->pid);

	if (rc)
		return rc;
	snprintf(path, cap, "/proc/%d/root%s", (int)rt->pid, rt->image);
	map = maps_find(&maps, rt->image_start);
	if (map) {
		char direct[96];

		snprintf(direct, sizeof(direct), "/proc/%d/map_files/%" PRIx64 "-%" PRIx64,
			 (int)rt->pid, map->start, map->end);
		if (access(direct, R_OK) == 0)
			snprintf(path, cap, "%s", direct);
	}
	maps_release(&maps);
	return 0;
}

static int attach(struct gc_watch *w, struct bpf_program *program, bool at_return, pid_t pid,
		  const char *path, uint64_t offset, uint64_t semaphore_offset)
{
	LIBBPF_OPTS(bpf_uprobe_opts, options, .retprobe = at_return,
		    .ref_ctr_offset = semaphore_offset);
	struct bpf_link *link;

	if (w->links == LINKS_MAX)
		return -E2BIG;
	link = bpf_program__attach_uprobe_opts(program, pid, path, offset, &options);
	if (!link)
		return -errno;
	w->link[w->links++] = link;
	return 0;
}

/* The return first: a collection that is seen to begin is seen to end. */
static int attach_sites(struct gc_watch *w, pid_t pid, const char *path,
			const struct py_point_found *found)
{
	int rc = 0;

	for (unsigned i = 0; i < found->sites && !rc; i++) {
		const struct py_site *site = &found->site[i];
		uint64_t offset = site->file_offset + site->probe_offset;

		rc = attach(w, loader_gc_return(&w->loader), true, pid, path, offset, 0);
		if (!rc)
			rc = attach(w, loader_gc_enter(&w->loader), false, pid, path, offset, 0);
	}
	w->attached_by = py_found_name(found->found);
	return rc;
}

static int attach_notes(struct gc_watch *w, pid_t pid, const char *path,
			const struct py_points *points)
{
	int rc = 0;

	for (unsigned i = 0; i < points->gc_dones && !rc; i++)
		rc = attach(w, loader_gc_return(&w->loader), false, pid, path,
			    points->gc_done[i].file_offset, points->gc_done[i].semaphore_offset);
	for (unsigned i = 0; i < points->gc_starts && !rc; i++)
		rc = attach(w, loader_gc_enter(&w->loader), false, pid, path,
			    points->gc_start[i].file_offset, points->gc_start[i].semaphore_offset);
	w->attached_by = "USDT";
	return rc;
}

static int load(struct gc_watch *w, const struct py_runtime *rt, bool by_function,
		const struct py_unwind *unwind, struct gc_layout layout, struct err *e)
{
	const struct loader_parts parts = { .unwind = unwind, .gc = &layout };
	int rc;

	layout.thread_in_argument = by_function && rt->layout.minor >= THREAD_MINOR;
	layout.reason_in_argument = by_function && rt->layout.minor >= REASON_MINOR;
	layout.stack_pointer_change = by_function ? RETURN_TAKES : 0;
	rc = loader_open(&w->loader, rt->pid, &parts, e);
	if (rc)
		return rc;
	w->ring = ring_buffer__new(w->loader.gc_events, take_event, w, NULL);
	if (!w->ring ||
	    (layout.sample_rest &&
	     ring_buffer__add(w->ring, w->loader.gc_sample_events, take_sample, w)))
		return err_set(e, -errno, EXIT_FAILED,
			       "cannot map the ring buffer to watch process %d: errno %d",
			       (int)rt->pid, errno);
	return 0;
}

static int open_all(struct gc_watch *w, const struct py_runtime *rt, const struct py_points *points,
		    const struct py_unwind *unwind, const struct gc_layout *layout, struct err *e)
{
	const struct py_point_found *found = &points->point[PY_POINT_COLLECT];
	char path[600];
	int rc;

	if (!found->sites && !(points->gc_starts && points->gc_dones))
		return err_set(e, -ENOENT, EXIT_FAILED,
			       "pid %d: the collector's function was not found in %s: %s",
			       (int)rt->pid, rt->image, found->why);
	rc = load(w, rt, found->sites != 0, unwind, *layout, e);
	if (rc)
		return rc;
	rc = image_path(rt, path, sizeof(path));
	if (!rc)
		rc = found->sites ? attach_sites(w, rt->pid, path, found)
				  : attach_notes(w, rt->pid, path, points);
	if (rc)
		return err_set(e, rc,
			       rc == -EACCES || rc == -EPERM ? EXIT_NOT_PERMITTED : EXIT_FAILED,
			       "pid %d: the kernel refused a uprobe in %s: %s; it needs "
			       "CONFIG_UPROBE_EVENTS, and CAP_SYS_ADMIN or CAP_PERFMON",
			       (int)rt->pid, rt->image, strerror(-rc));
	return 0;
}

int gc_watch_open(struct gc_watch **out, const struct py_runtime *rt,
		  const struct py_points *points, const struct py_unwind *unwind,
		  const struct gc_layout *layout, struct err *e)
{
	struct gc_watch *w = calloc(1, sizeof(*w));
	int rc;

	*out = NULL;
	if (!w)
		return err_set(e, -ENOMEM, EXIT_FAILED, "no memory to watch a process");
	rc = open_all(w, rt, points, unwind, layout, e);
	if (rc)
		gc_watch_close(w);
	else
		*out = w;
	return rc;
}

void gc_watch_close(struct gc_watch *w)
{
	if (!w)
		return;
	/* Entries first: what began is still seen to end. */
	while (w->links)
		bpf_link__destroy(w->link[--w->links]);
	ring_buffer__free(w->ring);
	loader_close(&w->loader);
	free(w);
}

int gc_watch_poll(struct gc_watch *w, int timeout_ms, const struct gc_watch_sink *sink)
{
	int64_t end = (int64_t)clock_ns() + timeout_ms * 1000000LL, left;
	int rc;

	w->sink = sink;
	w->delivered = 0;
	for (;;) {
		struct timespec pause = { 0 };

		rc = ring_buffer__consume(w->ring);
		if (rc < 0)
			return rc;
		left = end - (int64_t)clock_ns();
		if (left <= 0)
			return w->delivered;
		pause.tv_nsec = left < DRAIN_NS ? left : DRAIN_NS;
		if (nanosleep(&pause, NULL))
			return errno == EINTR ? w->delivered : -errno;
	}
}

void gc_watch_allow(struct gc_watch *w, uint64_t sampling_ns)
{
	w->loader.gc_sampling->allowed_ns = sampling_ns;
}

const char *gc_watch_place(const struct gc_watch *w)
{
	return w->attached_by;
}

static void find_unfinished(struct gc_watch *w, struct gc_watch_stats *out)
{
	struct gc_key key, *last = NULL;
	struct gc_running running;

	while (bpf_map_get_next_key(w->loader.gc_running, last, &key) == 0) {
		last = &key;
		if (bpf_map_lookup_elem(w->loader.gc_running, &key, &running))
			continue;
		if (!out->unfinished++ || running.start_ns < out->oldest_unfinished_ns)
			out->oldest_unfinished_ns = running.start_ns;
	}
}

void gc_watch_stats(struct gc_watch *w, struct gc_watch_stats *out)
{
	memset(out, 0, sizeof(*out));
	out->bpf_ns = loader_bpf_ns(&w->loader);
	for (uint32_t i = 0; i < GC_GENERATIONS; i++)
		bpf_map_lookup_elem(w->loader.gc_totals, &i, &out->totals[i]);
	for (uint32_t i = 0; i < DROP_REASONS; i++)
		bpf_map_lookup_elem(w->loader.drops, &i, &out->dropped[i]);
	out->sampling_ns = w->loader.gc_sampling->spent_ns;
	find_unfinished(w, out);
}
