// SPDX-License-Identifier: Apache-2.0
#include "fill.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "../rank/change.h"
#include "../rank/forecast.h"
#include "../rank/fragmentation.h"
#include "../target/service.h"
#include "allocations.h"
#include "parts.h"
#include "unanchored.h"
#include "uncollected.h"

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

static bool fragmentation(const struct report *r, const struct heap *heap, const struct series *rss,
			  struct candidate *c)
{
	const struct history *h = &heap->history;
	struct fragments f = { .walks = h->walks };

	for (unsigned i = 0; i < h->walks; i++) {
		const struct walk_parts *parts = &h->total[i].parts;

		f.seconds[i] = h->total[i].seconds;
		f.python_free[i] = (double)parts->pool_free;
		f.native_free[i] = (double)parts->chunk_free;
		f.live[i] = (double)(parts->pool_live + parts->chunk_live);
	}
	return fragmentation_judge(c, &f, rss, r->after.native_trim) ||
	       fragmentation_unused(c, &f, r->after.rss, r->after.native_trim);
}

static int fill_candidates(struct report *r, struct heap *heap, const struct suspects *s,
			   const struct sightings *sightings, const struct series *rss)
{
	int added;

	r->candidates = calloc(s->count + 3 + ALLOCATIONS_CANDIDATES_MAX, sizeof(*r->candidates));
	if (!r->candidates)
		return -ENOMEM;
	for (unsigned i = 0; i < s->count; i++) {
		struct candidate *c = &r->candidates[r->count++];

		*c = s->suspect[i].candidate;
		if (c->verdict != VERDICT_LEAK) /* nobody needs to change what does not leak */
			c->cause[0] = c->advice[0] = '\0';
	}
	added = allocations_candidates(r->candidates + r->count, heap, sightings);
	if (added < 0)
		return added;
	r->count += (uint32_t)added;
	if (fragmentation(r, heap, rss, &r->candidates[r->count]))
		r->count++;
	if (uncollected_find(heap, &r->candidates[r->count]))
		r->count++;
	if (unanchored_find(heap, &r->candidates[r->count]))
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

void fill_target_cost(struct report *r, double ns, double cpu_ns)
{
	r->cost.target_cpu_percent = cpu_ns <= 0   ? -1
				     : cpu_ns > ns ? ns / (cpu_ns - ns) * 100
						   : 100;
}

static void fill_hits(struct report *r, const struct watch_stats *w,
		      const struct sampling_end *sampling)
{
	r->cost.probe_hits = w->hits + sampling->hits.allocations + sampling->hits.frees +
			     sampling->hits.writes;
	for (unsigned i = 0; i < WINDOW_SOURCES; i++) {
		snprintf(r->cost.sampled[i].source, sizeof(r->cost.sampled[i].source), "%s",
			 windows_name(i));
		r->cost.sampled[i].share = *sampling->missing[i] || *sampling->why
						   ? -1
						   : sampling->on[i];
	}
	r->loss.dropped_events += sampling->hits.dropped[DROP_RINGBUF_FULL];
	r->loss.map_full += sampling->hits.dropped[DROP_LIVE_FULL] + sampling->loss.samples_full +
			    sampling->loss.stacks_full;
	if (*sampling->why)
		report_warn(r, "allocating lines are not to be had: %.200s", sampling->why);
}

int fill_report(struct report *r, struct heap *heap, struct suspects *suspects,
		const struct sightings *sightings, const struct sampling_end *sampling,
		struct watch *watch, const struct stores *stores, const struct series *rss)
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
	err = fill_candidates(r, heap, suspects, sightings, rss);
	if (err)
		return err;
	fill_loss(r, heap, &w, stores);
	fill_warnings(r, heap);
	fill_own_cost(r, stores->mem);
	fill_hits(r, &w, sampling);
	forecast(&r->limit, rss);
	verdict_report(r);
	if (r->verdict == VERDICT_FRAGMENTATION && r->candidates[0].bytes_per_second > 0)
		change_explain(&r->before, &r->after, r->summary, sizeof(r->summary));
	else if (r->verdict == VERDICT_FRAGMENTATION)
		change_describe(&r->after, r->summary, sizeof(r->summary));
	return 0;
}
