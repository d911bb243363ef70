// SPDX-License-Identifier: Apache-2.0
#include "uncollected.h"

#include <stdio.h>

#include "../cpython/collector.h"
#include "../util/strbuf.h"

#define OBJECTS_LEAST 200
#define CONFIDENCE 0.8

static bool collector_is_off(const struct heap *heap, bool *disabled)
{
	struct gc_layout layout;
	struct py_collector state;
	struct err e = { 0 };
	uint64_t main;

	if (py_collector_layout(heap->rt, heap->mem, &layout, &e))
		return false;
	main = py_collector_main(heap->rt, heap->mem, &layout);
	if (!main || py_collector_read(&layout, heap->mem, main, &state, &heap->rt->layout))
		return false;
	*disabled = !state.enabled;
	return !state.enabled || state.threshold[0] == 0;
}

bool uncollected_find(const struct heap *heap, struct candidate *c)
{
	const struct holders *h = &heap->holders;
	bool disabled = false;
	struct strbuf content;

	if (h->unreached_objects < OBJECTS_LEAST || h->interval <= 0 ||
	    !collector_is_off(heap, &disabled))
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
	candidate_evidence(c, "%s", disabled ? "the collector is disabled, gc.isenabled() is False"
					     : "the collector's first threshold is 0");
	snprintf(c->cause, sizeof(c->cause),
		 "the cyclic collector is off, and objects in cycles are never freed");
	snprintf(c->advice, sizeof(c->advice),
		 "Switch it on, %s, or call gc.collect() where a pause does no harm; or break the "
		 "cycles, with weakref for the way back to a parent.",
		 disabled ? "gc.enable()" : "gc.set_threshold(700, 10, 10)");
	return true;
}
