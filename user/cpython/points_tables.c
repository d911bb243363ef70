// SPDX-License-Identifier: Apache-2.0
/*
 * The allocator tables (Objects/obmalloc.c), PyMemAllocatorEx { ctx, malloc, calloc, realloc, free
 * }, as the file has them:
 *
 *	raw, mem, object    the live ones; 3.12+: one behind the other in _PyRuntime
 *	                    ('standard'), before that three variables somewhere
 *	_PyMem_Debug        { 'r', raw }, { 'm', mem }, { 'o', object }: 48 bytes each; 3.12+:
 *	                    behind 'standard'. What the debug allocators hand on to: always the
 *	                    real ones, in every kind of build. Nothing else looks like it.
 *
 * RELRO holds a constant copy of all that in some builds.
 */
#include <stdio.h>
#include <string.h>

#include "points_search.h"

#define DEBUG_BYTES 48 /* sizeof(debug_alloc_api_t) */
#define STANDARD_BYTES (PY_DOMAINS * PY_TABLE_BYTES)

/* Four functions at @at, behind a context that is 0 unless @any_context. */
static bool is_table(const struct code *c, uint64_t at, bool any_context, uint64_t function[4])
{
	uint64_t context;

	if (!code_word(c, at, &context) || (context && !any_context))
		return false;
	for (unsigned i = 0; i < 4; i++) {
		if (!code_word(c, at + 8 + 8 * i, &function[i]) || !code_is_entry(c, function[i]))
			return false;
	}
	return true;
}

static bool is_debug(const struct code *c, uint64_t at, uint64_t function[PY_DOMAINS][4])
{
	static const char letter[PY_DOMAINS] = {'r', 'm', 'o'};

	for (unsigned i = 0; i < PY_DOMAINS; i++) {
		uint64_t word, here = at + DEBUG_BYTES * i;

		if (!code_word(c, here, &word) || word != (uint64_t)letter[i] ||
		    !is_table(c, here + 8, false, function[i]))
			return false;
	}
	return true;
}

/* All places that look like _PyMem_Debug must name the same functions; one of them is writable. */
static bool find_debug(struct points_search *s, uint64_t function[PY_DOMAINS][4])
{
	uint64_t start, end, other[PY_DOMAINS][4];
	unsigned writable = 0, seen = 0;

	for (unsigned i = 0; code_data(s->code, i, &start, &end); i++) {
		for (uint64_t at = start; at < end; at += 8) {
			if (!is_debug(s->code, at, other))
				continue;
			if (seen++ && memcmp(function, other, sizeof(other)))
				return false;
			memcpy(function, other, sizeof(other));
			if (code_is_relro(s->code, at))
				continue;
			writable++;
			s->debug_tables = at;
		}
	}
	if (writable != 1)
		s->debug_tables = 0;
	return seen > 0;
}

/* 3.12+: 'standard' ends where 'debug' begins (struct _pymem_allocators, pycore_pymem.h). */
static void find_standard(struct points_search *s, struct points_found *f)
{
	uint64_t at = s->debug_tables - STANDARD_BYTES, function[4];
	struct image_symbol runtime;

	if (!s->debug_tables || image_symbol(s->img, "_PyRuntime", &runtime) ||
	    at < runtime.value || at - runtime.value > runtime.size)
		return;
	for (unsigned i = 0; i < PY_DOMAINS; i++) {
		if (!is_table(s->code, at + PY_TABLE_BYTES * i, true, function))
			return;
	}
	for (unsigned i = 0; i < PY_DOMAINS; i++)
		f->table[i] = at + PY_TABLE_BYTES * i;
}

struct table_users {
	const struct points_search *search;
	uint64_t table;
	uint64_t not_malloc; /* of another domain: inlined, it is referred to here too */
	bool several;
};

/* The public function calls through its table: it refers to the slot behind the context. */
static bool uses_table(void *arg, uint64_t at, const struct code_instruction *in)
{
	struct table_users *u = arg;
	uint64_t table, function[4];
	bool immediate = !in->has_memory;

	(void)at;
	if (!in->has_memory && !in->has_immediate)
		return true;
	table = (immediate ? in->immediate : in->memory) - 8;
	if (table & 7 || code_is_relro(u->search->code, table) ||
	    table - u->search->debug_tables < PY_DOMAINS * DEBUG_BYTES ||
	    !is_table(u->search->code, table, true, function) || function[0] == u->not_malloc)
		return true;
	u->several = u->several || (u->table && u->table != table);
	u->table = table;
	return true;
}

/* Before 3.12: told apart by what each domain's public function refers to. */
static void find_variables(struct points_search *s, struct points_found *f)
{
	static const char *const users[PY_DOMAINS] = {"PyMem_RawMalloc", "PyMem_Malloc",
						      "PyObject_Malloc"};

	for (unsigned i = 0; i < PY_DOMAINS; i++) {
		struct table_users u = {.search = s};
		const struct code_function *function;
		struct image_symbol symbol;

		if (image_symbol(s->img, users[i], &symbol))
			continue;
		u.not_malloc = f->entry[i == PY_DOMAIN_RAW ? PY_POINT_OBJECT_MALLOC
							   : PY_POINT_RAW_MALLOC][0];
		function = code_function_at(s->code, symbol.value);
		if (function && !code_walk(s->code, function, uses_table, &u) && u.table &&
		    !u.several)
			f->table[i] = u.table;
	}
}

void points_by_tables(struct points_search *s, struct points_found *f)
{
	uint64_t function[PY_DOMAINS][4];
	const char *why = NULL;

	if (!find_debug(s, function))
		why = "no allocator tables with those of the debug allocators in its data";
	else if (memcmp(function[PY_DOMAIN_MEM], function[PY_DOMAIN_OBJECT], sizeof(function[0])))
		why = "the debug allocators' tables of mem and object differ";
	else if (!memcmp(function[PY_DOMAIN_RAW], function[PY_DOMAIN_OBJECT], sizeof(function[0])))
		why = "built without pymalloc";
	for (unsigned i = 0; i < 4; i++) {
		if (why) {
			snprintf(f->why[PY_POINT_OBJECT_MALLOC + i], sizeof(f->why[0]), "%s", why);
			snprintf(f->why[PY_POINT_RAW_MALLOC + i], sizeof(f->why[0]), "%s", why);
			continue;
		}
		points_add(f, PY_POINT_OBJECT_MALLOC + i, function[PY_DOMAIN_OBJECT][i],
			   PY_FOUND_TABLE);
		points_add(f, PY_POINT_RAW_MALLOC + i, function[PY_DOMAIN_RAW][i], PY_FOUND_TABLE);
	}
	if (why)
		return;
	if (s->minor >= 12)
		find_standard(s, f);
	else
		find_variables(s, f);
}
