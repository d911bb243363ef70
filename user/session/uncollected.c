// SPDX-License-Identifier: Apache-2.0
#include "uncollected.h"

#include <stdio.h>

#include "../cpython/collector.h"
#include "../heap/anchors.h"
#include "../util/strbuf.h"

#define OBJECTS_LEAST 200
#define CONFIDENCE 0.8
#define FROZEN_STEPS 65536 /* back from the object frozen last, which may be newer than any walk */
#define FROZEN_ASKED 2048  /* of those that came during the look and stayed */
#define FROZEN_LEAST 100
#define FROZEN_SHARE 0.25 /* of them that nobody holds; the rest is what lived at the time */

static const struct why {
	const char *evidence, *cause, *advice;
} whys[] = {
	{ "the collector is disabled, gc.isenabled() is False",
	  "the cyclic collector is off, and objects in cycles are never freed",
	  "Switch it on, gc.enable(), or call gc.collect() where a pause does no harm; or break "
	  "the cycles, with weakref for the way back to a parent." },
	{ "the collector's first threshold is 0",
	  "the cyclic collector is off, and objects in cycles are never freed",
	  "Switch it on, gc.set_threshold(700, 10, 10), or call gc.collect() where a pause does "
	  "no harm; or break the cycles, with weakref for the way back to a parent." },
	{ "what was frozen last is in cycles that nobody holds",
	  "gc.freeze() is called again and again: what is in cycles then is never freed",
	  "Call gc.collect() and then gc.freeze() once, before the workers are forked, and not "
	  "in what they do; gc.unfreeze() gives back what piled up." },
};

/* gc.freeze() appends to the permanent generation: its end, backwards. */
static bool keeps_frozen(const struct heap *heap, uint64_t state, const struct gc_layout *layout)
{
	uint64_t ring = py_collector_permanent(heap->mem, state, layout), at = ring, object;
	unsigned asked = 0, lost = 0;

	for (unsigned i = 0; ring && i < FROZEN_STEPS && asked < FROZEN_ASKED; i++) {
		uint32_t block;

		if (!py_collector_before(heap->mem, &at, &object) || at == ring)
			break;
		block = blocks_find(&heap->history.now, object, NULL, NULL);
		if (block == BLOCK_NONE || !anchors_is_survivor(&heap->reach, block))
			continue;
		asked++;
		lost += reach_parent(&heap->reach, block) == PARENT_NONE;
	}
	return lost >= FROZEN_LEAST && lost >= FROZEN_SHARE * asked;
}

static const struct why *find_why(const struct heap *heap)
{
	struct gc_layout layout;
	struct py_collector state;
	struct err e = { 0 };
	uint64_t main;

	if (py_collector_layout(heap->rt, heap->mem, &layout, &e))
		return NULL;
	main = py_collector_main(heap->rt, heap->mem, &layout);
	if (!main || py_collector_read(&layout, heap->mem, main, &state, &heap->rt->layout))
		return NULL;
	return !state.enabled			      ? &whys[0]
	       : state.threshold[0] == 0	      ? &whys[1]
	       : keeps_frozen(heap, main, &layout) ? &whys[2]
						      : NULL;
}

bool uncollected_find(const struct heap *heap, struct candidate *c)
{
	const struct holders *h = &heap->holders;
	const struct why *why;
	struct strbuf content;

	if (h->unreached_objects < OBJECTS_LEAST || h->interval <= 0)
		return false;
	why = find_why(heap);
	if (!why)
		return false;
	*c = (struct candidate){ .verdict = VERDICT_LEAK,
				 .confidence = CONFIDENCE,
				 .bytes_per_second = (double)h->unreached_bytes / h->interval,
				 .objects_per_second = (double)h->unreached_objects / h->interval,
				 .inuse_bytes = (int64_t)h->unreached_bytes,
				 .inuse_objects = (int64_t)h->unreached_objects };
	for (unsigned i = 0; i < REPORT_WALKS_MAX; i++)
		c->sizes[i] = UNKNOWN;
	strbuf_init(&content, c->content, sizeof(c->content));
	for (unsigned i = 0; i < UNREACHED_TYPES && h->unreached[i].type != TYPE_NONE; i++)
		strbuf_addf(&content, "%s%s", i ? ", " : "",
			    types_get(&heap->types, h->unreached[i].type)->name);
	snprintf(c->why_no_line, sizeof(c->why_no_line), "nobody holds it");
	candidate_evidence(c, "%llu objects came and stayed, and nothing leads to them",
			   (unsigned long long)h->unreached_objects);
	candidate_evidence(c, "%s", why->evidence);
	snprintf(c->cause, sizeof(c->cause), "%s", why->cause);
	snprintf(c->advice, sizeof(c->advice), "%s", why->advice);
	return true;
}
