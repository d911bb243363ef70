// SPDX-License-Identifier: Apache-2.0
#include "fill.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "../probe/calibrate.h"
#include "../target/service.h"
#include "parts.h"

#define NATIVE_LEAST 4096.0 /* bytes a second: native memory churns in large pieces */
#define NATIVE_SHARE 0.3    /* of malloc's growth that must be found among what nothing leads to */
#define UNREACHED_LEAST 50  /* objects worth a warning */

void fill_target(struct report *r, const struct process *p, const struct py_runtime *rt)
{
	ssize_t threads = process_threads(p, NULL, 0);
	struct service service;

	service_read(&service, p);
	snprintf(r->service, sizeof(r->service), "%s", service.name);
	snprintf(r->release, sizeof(r->release), "%s", service.release);
	snprintf(r->comm, sizeof(r->comm), "%s", p->comm);
	snprintf(r->container, sizeof(r->container), "%s", p->container);
	snprintf(r->python, sizeof(r->python), "%d.%d.%d", rt->layout.major, rt->layout.minor,
		 rt->layout.micro);
	snprintf(r->build, sizeof(r->build), "%s", rt->build);
	snprintf(r->build_id, sizeof(r->build_id), "%s", rt->build_id);
	r->threads = threads > 0 ? (int)threads : 0;
}

static bool rises_always(const struct history *h)
{
	for (unsigned i = 1; i < h->walks; i++)
		if (h->total[i].chunk_bytes <= h->total[i - 1].chunk_bytes)
			return false;
	return true;
}

/* malloc's live bytes grew at every walk, and much of what stayed hangs from nothing: memory of C
 * code. */
static bool native_growth(const struct heap *heap, struct candidate *c)
{
	const struct history *h = &heap->history;
	double gain = (double)h->total[h->walks - 1].chunk_bytes - (double)h->total[0].chunk_bytes;
	double bytes = (double)heap->holders.native_bytes;

	if (!rises_always(h) || bytes < NATIVE_SHARE * gain ||
	    bytes < NATIVE_LEAST * heap->holders.interval)
		return false;
	*c = (struct candidate){ .verdict = VERDICT_NATIVE,
				 .confidence = bytes < gain ? 0.5 + 0.4 * bytes / gain : 0.8,
				 .bytes_per_second = bytes / heap->holders.interval,
				 .objects_per_second = (double)heap->holders.native_blocks /
						       heap->holders.interval,
				 .inuse_bytes = (int64_t)heap->holders.native_bytes,
				 .inuse_objects = (int64_t)heap->holders.native_blocks };
	for (unsigned i = 0; i < REPORT_WALKS_MAX; i++)
		c->sizes[i] = UNKNOWN;
	snprintf(c->why_no_line, sizeof(c->why_no_line), "no Python object leads to it");
	candidate_evidence(c, "malloc's live bytes grew at every walk, by %.0f KiB in all",
			   gain / 1024);
	candidate_evidence(c, "%llu blocks came and stayed, and nothing Python leads to them",
			   (unsigned long long)heap->holders.native_blocks);
	return true;
}

static int fill_candidates(struct report *r, const struct heap *heap, const struct suspects *s)
{
	r->candidates = calloc(s->count + 1, sizeof(*r->candidates));
	if (!r->candidates)
		return -ENOMEM;
	for (unsigned i = 0; i < s->count; i++)
		r->candidates[r->count++] = s->suspect[i].candidate;
	if (heap->history.walks >= 3 && native_growth(heap, &r->candidates[r->count]))
		r->count++;
	r->count = verdict_order(r->candidates, r->count, r->threshold_bytes_per_second);
	return 0;
}

static void fill_loss(struct report *r, const struct heap *heap, const struct watch_stats *w,
		      const struct stores *s)
{
	r->loss.torn_reads =
		heap->history.torn_pools + heap->history.torn_chunks + heap->reach.missed;
	r->loss.unresolved_frames = s->unresolved;
	r->loss.truncated_stacks = w->dropped[DROP_DEPTH];
	for (unsigned i = 0; i < DROP_REASONS; i++)
		r->loss.dropped_events += i == DROP_DEPTH ? 0 : w->dropped[i];
	r->loss.unreached_objects = heap->holders.unreached_objects;
	r->loss.unreached_bytes = heap->holders.unreached_bytes;
	r->loss.blind_threads = w->threads_missed;
}

void fill_warnings(struct report *r, const struct heap *heap)
{
	const struct holders *h = &heap->holders;

	if (heap->present_err)
		report_warn(r,
			    "the kernel does not say which pages are present (%s): all were read",
			    strerror(-heap->present_err));
	if (heap->stream.swapped_bytes)
		report_warn(r, "%llu KiB in swap were not looked at",
			    (unsigned long long)heap->stream.swapped_bytes >> 10);
	if (heap->glibc.libc[0] && !heap->glibc.shape)
		report_warn(r, "%s is not a glibc that is known: freed small chunks count as live",
			    heap->glibc.libc);
	if (heap->history.out_of_memory)
		report_warn(r, "%llu blocks found no room in our tables",
			    (unsigned long long)heap->history.out_of_memory);
	if (heap->reach.reached && heap->reach.live_left < REACH_LIVE_MAX / 100)
		report_warn(r, "the target allocates faster than it can be searched: what it "
			       "allocated last was not looked at");
	if (h->unreached_objects >= UNREACHED_LEAST)
		report_warn(r,
			    "%llu objects (%llu KiB) stayed though nothing leads to them, most of "
			    "type %s: cycles that "
			    "await a collection, or a reference that an extension forgot",
			    (unsigned long long)h->unreached_objects,
			    (unsigned long long)h->unreached_bytes >> 10,
			    types_get(&heap->types, h->unreached[0].type)->name);
}

void fill_own_cost(struct report *r, const struct remote *mem)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	r->cost.own_rss_peak_bytes = (uint64_t)usage.ru_maxrss * 1024;
	r->cost.bytes_read = mem->bytes;
}

int fill_report(struct report *r, const struct heap *heap, struct suspects *suspects,
		struct watch *watch, const struct stores *stores)
{
	struct watch_stats w = { 0 };
	int err;

	if (watch)
		watch_stats(watch, &w);
	r->walks = heap->history.walks;
	for (unsigned i = 0; i < r->walks && i < REPORT_WALKS_MAX; i++)
		r->walk_seconds[i] = heap->history.total[i].seconds;
	r->threshold_bytes_per_second = verdict_threshold(r->duration_seconds);
	parts_fill(&r->before, &heap->history.total[0].parts);
	parts_fill(&r->after, &heap->history.total[r->walks - 1].parts);
	err = fill_candidates(r, heap, suspects);
	if (err)
		return err;
	fill_loss(r, heap, &w, stores);
	fill_warnings(r, heap);
	fill_own_cost(r, stores->mem);
	r->cost.probe_hits = w.hits;
	r->cost.target_cpu_percent = calibrate_cost_percent(&w, r->duration_seconds);
	verdict_report(r);
	return 0;
}
