// SPDX-License-Identifier: Apache-2.0
/*
 * Functions known by what they refer to or what refers to them.
 */
#include <stdio.h>
#include <string.h>

#include "points_search.h"

#define COLLECTING "gc: collecting generation" /* Modules/gcmodule.c, Python/gc.c */
#define MALLOC_STATS "PYTHONMALLOCSTATS"       /* new_arena(), Objects/obmalloc.c */
#define STRING_COPIES_MAX 8
#define CALLS_MAX 64 /* different functions called by one of the allocators; real ones: 8 */

/* The first reason given is the one that counts. */
static void miss(struct points_found *f, enum py_point point, const char *why)
{
	if (!f->count[point] && !f->why[point][0])
		snprintf(f->why[point], sizeof(f->why[0]), "%s", why);
}

struct users {
	const struct code *code;
	const struct code_function *function[PY_POINT_SITES];
	unsigned count;
	bool unclear; /* a part without a clear parent, or more functions than there is room for */
};

static bool add_user(void *arg, uint64_t at, const struct code_instruction *in)
{
	struct users *u = arg;
	const struct code_function *f = code_function_at(u->code, at);

	(void)in;
	f = f ? code_parent(u->code, f) : NULL;
	for (unsigned i = 0; f && i < u->count; i++) {
		if (u->function[i] == f)
			return true;
	}
	if (!f || u->count == PY_POINT_SITES)
		u->unclear = true;
	else
		u->function[u->count++] = f;
	return true;
}

/* The functions that refer to the string. */
static void find_users(const struct code *c, const char *text, size_t len, struct users *u)
{
	uint64_t at = 0;

	*u = (struct users){.code = c};
	for (unsigned i = 0; i < STRING_COPIES_MAX && code_find(c, text, len, at, &at); i++, at++) {
		if (code_refs(c, at, add_user, u))
			u->unclear = true;
	}
}

/* PyMethodDef { "collect", function, flags, "collect(..." } (Modules/clinic/gcmodule.c.h). */
static bool is_methoddef(const struct code *c, uint64_t at, uint64_t *function)
{
	uint64_t name, flags, doc;
	const uint8_t *text;

	if (!code_word(c, at, &name) || !code_word(c, at + 8, function) ||
	    !code_is_entry(c, *function) || !code_word(c, at + 16, &flags) || flags > 0xfff ||
	    !code_word(c, at + 24, &doc))
		return false;
	text = code_bytes(c, name, 8);
	if (!text || memcmp(text, "collect", 8))
		return false;
	text = code_bytes(c, doc, 8);
	return text && !memcmp(text, "collect(", 8);
}

static void find_gc_collect(struct points_search *s, struct points_found *f)
{
	uint64_t start, end, function;

	for (unsigned i = 0; code_data(s->code, i, &start, &end); i++) {
		for (uint64_t at = start; at < end; at += 8) {
			if (is_methoddef(s->code, at, &function))
				points_add(f, PY_POINT_GC_COLLECT, function, PY_FOUND_METHODDEF);
		}
	}
	if (f->count[PY_POINT_GC_COLLECT] > 1) {
		f->count[PY_POINT_GC_COLLECT] = 0;
		miss(f, PY_POINT_GC_COLLECT, "several methods are called collect");
	}
	miss(f, PY_POINT_GC_COLLECT, "no method definition of gc.collect in its data");
}

static bool is_exported_as(const struct image *img, const char *name, uint64_t entry)
{
	struct image_symbol symbol;

	return !image_symbol(img, name, &symbol) && symbol.value == entry;
}

/* Was the collector inlined into one of those that call it? */
static bool is_caller(const struct points_search *s, const struct points_found *f, uint64_t entry)
{
	return (f->count[PY_POINT_GC_COLLECT] && f->entry[PY_POINT_GC_COLLECT][0] == entry) ||
	       is_exported_as(s->img, "PyGC_Collect", entry) ||
	       is_exported_as(s->img, "_PyGC_CollectNoFail", entry);
}

void points_by_collector(struct points_search *s, struct points_found *f)
{
	struct users users;
	unsigned most = s->minor <= 8 ? PY_POINT_SITES : 1; /* 3.8's compilers copied it */

	find_gc_collect(s, f);
	find_users(s->code, COLLECTING, strlen(COLLECTING), &users);
	if (users.unclear)
		miss(f, PY_POINT_COLLECT, "unclear which function says \"" COLLECTING "\"");
	else if (users.count > most)
		miss(f, PY_POINT_COLLECT, "several functions say \"" COLLECTING "\"");
	for (unsigned i = 0; !users.unclear && users.count <= most && i < users.count; i++) {
		if (is_caller(s, f, users.function[i]->start))
			miss(f, PY_POINT_COLLECT, "inlined into a function that calls it");
		else
			points_add(f, PY_POINT_COLLECT, users.function[i]->start, PY_FOUND_STRING);
	}
	miss(f, PY_POINT_COLLECT, "no function says \"" COLLECTING "\"");
}

/* What one function calls, or ends with. */
struct calls {
	const struct code *code;
	uint64_t callee[CALLS_MAX];
	unsigned count;
};

static bool add_call(void *arg, uint64_t at, const struct code_instruction *in)
{
	struct calls *c = arg;

	(void)at;
	if ((in->kind != CODE_CALL && in->kind != CODE_JUMP) ||
	    !code_is_entry(c->code, in->target) || c->count == CALLS_MAX)
		return true;
	for (unsigned i = 0; i < c->count; i++) {
		if (c->callee[i] == in->target)
			return true;
	}
	c->callee[c->count++] = in->target;
	return true;
}

static bool calls(const struct calls *c, uint64_t callee)
{
	for (unsigned i = 0; i < c->count; i++) {
		if (c->callee[i] == callee)
			return true;
	}
	return false;
}

/*
 * allocate_from_new_pool() is called by the allocators and asks new_arena() for memory, which reads
 * PYTHONMALLOCSTATS and is inlined into it by every compiler seen; only a direct user counts, since
 * one call further on it may as well be another function in between.
 */
void points_by_pool(struct points_search *s, struct points_found *f)
{
	struct calls found = {.code = s->code};
	const struct code_function *malloc_;
	struct users users;

	if (s->minor < 9) {
		miss(f, PY_POINT_NEW_POOL, "3.9 is the first with allocate_from_new_pool");
		return;
	}
	malloc_ = f->count[PY_POINT_OBJECT_MALLOC] == 1
			  ? code_function_at(s->code, f->entry[PY_POINT_OBJECT_MALLOC][0])
			  : NULL;
	if (!malloc_ || code_walk(s->code, malloc_, add_call, &found)) {
		miss(f, PY_POINT_NEW_POOL, "it is looked for from _PyObject_Malloc");
		return;
	}
	find_users(s->code, MALLOC_STATS, sizeof(MALLOC_STATS), &users);
	for (unsigned i = 0; !users.unclear && i < users.count; i++) {
		if (calls(&found, users.function[i]->start))
			points_add(f, PY_POINT_NEW_POOL, users.function[i]->start, PY_FOUND_CALL);
	}
	miss(f, PY_POINT_NEW_POOL,
	     "no function that _PyObject_Malloc calls refers to " MALLOC_STATS);
}

/* Where PyObject_GetArenaAllocator() copies the allocator from. */
struct arena_user {
	const struct code *code;
	uint64_t base; /* what a slot of the global offset table leads to: _PyRuntime */
	uint64_t allocator, function[2];
	bool several;
};

/* PyObjectArenaAllocator { ctx, alloc, free }. */
static void try_arena(struct arena_user *u, uint64_t at)
{
	uint64_t word[3];

	for (unsigned i = 0; i < 3; i++) {
		if (!code_word(u->code, at + 8 * i, &word[i]))
			return;
	}
	if (at & 7 || word[0] || word[1] == word[2] || code_is_relro(u->code, at) ||
	    !code_is_entry(u->code, word[1]) || !code_is_entry(u->code, word[2]))
		return;
	u->several = u->several || (u->allocator && u->allocator != at);
	u->allocator = at;
	u->function[0] = word[1];
	u->function[1] = word[2];
}

static bool arena_operand(void *arg, uint64_t at, const struct code_instruction *in)
{
	struct arena_user *u = arg;
	uint64_t word;

	(void)at;
	if (in->has_memory) {
		try_arena(u, in->memory);
		if (code_word(u->code, in->memory, &word) && code_is_relro(u->code, in->memory))
			u->base = word;
	}
	if (in->has_offset && in->offset > 0 && u->base)
		try_arena(u, u->base + (uint64_t)in->offset);
	return true;
}

void points_by_arena(struct points_search *s, struct points_found *f)
{
	struct arena_user u = {.code = s->code};
	const struct code_function *function = NULL;
	struct image_symbol symbol;
	const char *why = NULL;

	if (!image_symbol(s->img, "PyObject_GetArenaAllocator", &symbol))
		function = code_function_at(s->code, symbol.value);
	if (!function)
		why = "PyObject_GetArenaAllocator is not exported";
	else if (code_walk(s->code, function, arena_operand, &u) || !u.allocator || u.several)
		why = "unclear what PyObject_GetArenaAllocator refers to";
	if (why) {
		miss(f, PY_POINT_ARENA_ALLOC, why);
		miss(f, PY_POINT_ARENA_FREE, why);
		return;
	}
	points_add(f, PY_POINT_ARENA_ALLOC, u.function[0], PY_FOUND_TABLE);
	points_add(f, PY_POINT_ARENA_FREE, u.function[1], PY_FOUND_TABLE);
}
