// SPDX-License-Identifier: Apache-2.0
#include "pattern.h"

#define NAMES_MAX 64  /* keys of larger dicts are data, which path.c writes [*] */
#define FIELDS_MAX 8  /* of tuples whose elements have numbers there, too */

static uint64_t mix(uint64_t hash, uint64_t word)
{
	hash = (hash ^ word) * 0xff51afd7ed558ccdull;
	return hash ^ hash >> 32;
}

static bool holds_names(const struct reach *r, uint32_t dict)
{
	uint32_t up = reach_parent(r, dict), size;
	unsigned edge = reach_parent_edge(r, dict);

	if (edge == EDGE_DICT || (blocks_size(&r->history->now, dict, &size) && size <= NAMES_MAX))
		return true;
	if (up == PARENT_NONE || reach_is_root(up) || (edge & 0xc000) != EDGE_FIELD)
		return false;
	switch (types_get(r->types, reach_type(r, up))->kind) {
	case KIND_MODULE:
	case KIND_TYPE:
	case KIND_FUNCTION:
	case KIND_EXCEPTION:
		return true;
	default:
		return false;
	}
}

/* The edge, without an index that a path would not have. */
static unsigned step_of(const struct reach *r, uint32_t holder, unsigned edge)
{
	const struct py_type *type = types_get(r->types, reach_type(r, holder));
	struct object o;

	if (edge >= EDGE_FIELD)
		return edge;
	if (type->kind == KIND_DICT && holds_names(r, holder))
		return edge;
	if (type->kind == KIND_TUPLE) {
		reach_object(r, holder, &o);
		if (o.start + o.size - o.addr <= 24 + 8 * (FIELDS_MAX + 1))
			return edge;
	}
	return edge & EDGE_KEY;
}

uint64_t pattern_of(const struct reach *r, uint32_t holder, unsigned edge)
{
	uint64_t hash = 0x9E3779B97F4A7C15ull, last = 0;
	uint32_t at = holder;

	for (unsigned i = 0; i < PATTERN_STEPS_MAX; i++) {
		uint64_t step = (uint64_t)reach_type(r, at) << 32 | step_of(r, at, edge);

		if (step != last)
			hash = mix(hash, step);
		last = step;
		edge = reach_parent_edge(r, at);
		at = reach_parent(r, at);
		if (at == PARENT_NONE || reach_is_root(at))
			return mix(hash, ~(uint64_t)at);
	}
	return hash;
}
