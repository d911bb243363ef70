// SPDX-License-Identifier: Apache-2.0
/*
 * gc.garbage: the list that the collector itself appends to.
 */
#include "../cpython/collector.h"
#include "cause.h"

static bool is_garbage(const struct scene *s)
{
	const struct py_layout *l = &s->r->rt->layout;
	struct gc_layout layout;
	struct py_collector state;
	struct err e = { 0 };
	uint64_t main;

	if (!s->self.type || s->self.type->kind != KIND_LIST ||
	    py_collector_layout(s->r->rt, s->r->mem, &layout, &e))
		return false;
	main = py_collector_main(s->r->rt, s->r->mem, &layout);
	return main && !py_collector_read(&layout, s->r->mem, main, &state, l) &&
	       state.garbage == s->self.addr;
}

static bool garbage(const struct scene *s, struct candidate *c)
{
	if (!is_garbage(s))
		return false;
	return cause_say(c, "gc.garbage: cycles that the collector found and keeps",
			 "Take gc.DEBUG_SAVEALL out of gc.set_debug() and call gc.garbage.clear(); "
			 "where it was not set, break the cycles: their type cannot be cleared.");
}

static const struct cause table[] = { { "gc.garbage", garbage } };

const struct cause_family causes_collector = CAUSE_FAMILY(table);
