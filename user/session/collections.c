// SPDX-License-Identifier: Apache-2.0
#include "collections.h"

#include <stdlib.h>
#include <string.h>

#include "../util/grow.h"

/* _PyGC_Reason (Include/internal/pycore_gc.h, 3.13+). */
enum reason { REASON_HEAP, REASON_SHUTDOWN, REASON_MANUAL };

void collections_init(struct collections *c, struct pauses *out, struct pyframes *frames,
		      const struct gc_layout *layout, const struct py_layout *py,
		      struct remote *mem)
{
	*c = (struct collections){
		.out = out, .frames = frames, .layout = layout, .py = py, .mem = mem
	};
}

void collections_release(struct collections *c)
{
	free(c->key);
	c->key = NULL;
}

static uint64_t hash_stack(const struct gc_event *e)
{
	uint64_t hash = e->depth;

	for (uint32_t i = 0; i < e->depth; i++) {
		hash = (hash ^ e->frame[i].code) * 0x9e3779b97f4a7c15ULL;
		hash = (hash ^ e->frame[i].instr ^ hash >> 31) * 0xc2b2ae3d27d4eb4fULL;
	}
	return hash;
}

static void resolve(struct collections *c, const struct gc_event *e, struct pause_stack *s)
{
	struct loss *loss = &c->out->look.loss;
	bool own = false;

	s->stack.truncated = e->truncated || e->depth > REPORT_STACK_MAX;
	for (uint32_t i = 0; i < e->depth && i < REPORT_STACK_MAX; i++) {
		struct frame *f = &s->stack.frame[s->stack.depth++];

		loss->unresolved_frames += pyframes_resolve(c->frames, &e->frame[i], f) != 0;
		if (own || !f->file[0] || pyframe_is_stdlib(f->file))
			continue;
		s->own = i;
		own = true;
	}
}

/* Index of the event's stack, a new one where it has not been seen; -1 where there is none. */
static int find_stack(struct collections *c, const struct gc_event *e)
{
	struct pauses *out = c->out;
	uint64_t hash = hash_stack(e);

	if (!e->depth)
		return -1;
	for (size_t i = 0; i < out->stacks; i++)
		if (c->key[i] == hash)
			return (int)i;
	if (out->stacks == PAUSE_STACKS_MAX) {
		out->look.loss.map_full++;
		return -1;
	}
	if (grow(&out->stack, &c->stack_room, out->stacks + 1, sizeof(*out->stack)) ||
	    grow(&c->key, &c->key_room, out->stacks + 1, sizeof(*c->key))) {
		c->out_of_memory = true;
		return -1;
	}
	c->key[out->stacks] = hash;
	memset(&out->stack[out->stacks], 0, sizeof(*out->stack));
	resolve(c, e, &out->stack[out->stacks]);
	return (int)out->stacks++;
}

/*
 * Up to 3.12 nobody tells the collector why it runs. It runs by itself when it is enabled and both
 * the youngest count and that of the generation are over their thresholds
 * (Modules/gcmodule.c, gc_collect_generations); a call that finds all of this is as good as one.
 */
static enum pause_cause cause_of(const struct gc_event *e, const struct py_collector *b)
{
	uint32_t g = e->outcome.generation;

	switch (e->before.reason) {
	case REASON_HEAP:
		return PAUSE_AUTOMATIC;
	case REASON_SHUTDOWN:
		return PAUSE_SHUTDOWN;
	case REASON_MANUAL:
		return PAUSE_EXPLICIT;
	case GC_ABSENT:
		break;
	default:
		return PAUSE_CAUSE_UNKNOWN;
	}
	return b->enabled && b->count[0] > b->threshold[0] && b->count[g] > b->threshold[g]
		       ? PAUSE_AUTOMATIC
		       : PAUSE_EXPLICIT;
}

static int64_t tracked_before(const struct py_collector *b)
{
	return b->tracked_is_exact ? b->tracked : b->tracked + b->count[0];
}

static void add_to_stack(struct pause_stack *s, const struct pause *p)
{
	s->count++;
	s->pause_ns += p->pause_ns;
	s->generation[p->generation]++;
	if (p->pause_ns > s->max_ns)
		s->max_ns = p->pause_ns;
	if (p->cause == PAUSE_EXPLICIT) {
		s->explicit_count++;
		s->explicit_ns += p->pause_ns;
	}
}

static int64_t interpreter_of(struct collections *c, uint64_t state)
{
	if (state != c->last.state) {
		int64_t id = py_collector_interpreter(c->layout, c->py, c->mem, state);

		c->last.id = id < 0 ? UNKNOWN : id;
		c->last.state = state;
	}
	return c->last.id;
}

void collections_take(void *arg, const struct gc_event *e)
{
	struct collections *c = arg;
	struct pauses *out = c->out;
	struct py_collector before;
	struct pause p = {
		.start_ns = e->before.start_ns,
		.pause_ns = e->outcome.pause_ns,
		.off_ns = e->outcome.off_ns,
		.queue_ns = e->outcome.queue_ns,
		.minor_faults = (uint32_t)e->outcome.minor_faults,
		.major_faults = (uint32_t)e->outcome.major_faults,
		.generation = e->outcome.generation,
		.collected = e->outcome.collected,
		.uncollectable = e->outcome.uncollectable,
		.tid = (int)e->outcome.tid,
		.stack = find_stack(c, e),
	};

	py_collector_parse(c->layout, (const uint8_t *)e->before.bytes, &before);
	p.cause = cause_of(e, &before);
	p.tracked = tracked_before(&before);
	p.interpreter = interpreter_of(c, e->before.state);
	if (p.stack >= 0)
		add_to_stack(&out->stack[p.stack], &p);
	if (out->count == PAUSES_MAX ||
	    grow(&out->pause, &c->pause_room, out->count + 1, sizeof(*out->pause))) {
		out->not_kept++;
		return;
	}
	out->pause[out->count++] = p;
}

/* Bucket @i of struct gc_totals begins there; see bpf/abi.h. */
static uint64_t bucket_start(unsigned i)
{
	unsigned octave = i >> GC_BUCKET_BITS, part = i & ((1 << GC_BUCKET_BITS) - 1);

	if (!octave)
		return part;
	return ((1ULL << GC_BUCKET_BITS) + part) << (octave - 1);
}

uint64_t collections_percentile(const struct gc_totals *t, double share)
{
	uint64_t all = 0, below = 0, value = 0;

	for (unsigned i = 0; i < GC_BUCKETS; i++)
		all += t->bucket[i];
	for (unsigned i = 0; i < GC_BUCKETS && all; i++) {
		below += t->bucket[i];
		if ((double)below < share * (double)all)
			continue;
		value = (bucket_start(i) + bucket_start(i + 1)) / 2;
		break;
	}
	if (value > t->max_ns)
		return t->max_ns;
	return value < t->min_ns ? t->min_ns : value;
}

static void sum_generation(struct pause_summary *s, const struct gc_totals *t)
{
	*s = (struct pause_summary){
		.count = t->count,
		.total_ns = t->pause_ns,
		.max_ns = t->max_ns,
		.p50_ns = collections_percentile(t, 0.50),
		.p99_ns = collections_percentile(t, 0.99),
		.off_ns = t->off_ns,
		.queue_ns = t->queue_ns,
		.collected = t->collected,
		.uncollectable = t->uncollectable,
	};
	for (unsigned i = 1; i < GC_BUCKETS; i++) {
		unsigned octave = 63 - (unsigned)__builtin_clzll(bucket_start(i));

		s->scale[octave < PAUSE_SCALE ? octave : PAUSE_SCALE - 1] += t->bucket[i];
	}
}

void collections_sum(struct collections *c, const struct gc_watch_stats *stats)
{
	struct pauses *out = c->out;
	struct loss *loss = &out->look.loss;

	for (int i = 0; i < PAUSE_GENERATIONS; i++)
		sum_generation(&out->generation[i], &stats->totals[i]);
	loss->truncated_stacks = stats->dropped[DROP_DEPTH];
	loss->dropped_events = 0;
	for (unsigned i = 0; i < DROP_REASONS; i++)
		loss->dropped_events += i == DROP_DEPTH ? 0 : stats->dropped[i];
	out->look.cost.probe_hits = 2 * pauses_counted(out);
	out->unfinished = stats->unfinished;
}
