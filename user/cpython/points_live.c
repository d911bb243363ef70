// SPDX-License-Identifier: Apache-2.0
/*
 * What the allocator tables hold now. A table with no context is one of the real allocators. With
 * one, the context leads on: to the table before a hook was set (Modules/_tracemalloc.c keeps the
 * PyMemAllocatorEx it replaced), or to a debug_alloc_api_t { char letter; PyMemAllocatorEx }.
 */
#include <string.h>

#include "../util/strbuf.h"
#include "points.h"

#define HOOKS_MAX 4 /* tracemalloc in front of debug in front of pymalloc, and one more */

struct table {
	uint64_t context, function[4];
};

const char *py_allocator_name(enum py_allocator allocator)
{
	static const char *const names[] = {
		"unknown", "pymalloc", "malloc", "debug allocator", "mimalloc", "hook",
	};

	return allocator < sizeof(names) / sizeof(names[0]) ? names[allocator] : "";
}

/*
 * Are those four the functions found from @first on, perhaps by their aliases? False too where one
 * of them is not known.
 */
static bool holds(const struct py_points *p, const struct table *t, enum py_point first)
{
	for (unsigned i = 0; i < 4; i++) {
		const struct py_point_found *point = &p->point[first + i];

		if (point->sites != 1 || !t->function[i] ||
		    (point->site[0].address != t->function[i] &&
		     point->site[0].alias != t->function[i]))
			return false;
	}
	return true;
}

static bool is_redirected(const struct py_points *p, const struct table *t)
{
	bool aliased = false;

	for (unsigned i = 0; i < 4; i++)
		aliased = aliased ||
			  p->point[PY_POINT_OBJECT_MALLOC + i].site[0].alias == t->function[i];
	return aliased;
}

static bool in_image(const struct py_points *p, const struct table *t)
{
	for (unsigned i = 0; i < 4; i++) {
		if (t->function[i] < p->image_start || t->function[i] >= p->image_end)
			return false;
	}
	return true;
}

/* The real allocator of a table, without what stands in front of it. */
static enum py_allocator direct(const struct py_points *p, const struct table *t)
{
	if (holds(p, t, PY_POINT_OBJECT_MALLOC))
		return PY_ALLOCATOR_PYMALLOC;
	if (holds(p, t, PY_POINT_RAW_MALLOC))
		return PY_ALLOCATOR_MALLOC;
	if (p->minor >= 13 && !t->context && in_image(p, t) &&
	    p->point[PY_POINT_OBJECT_MALLOC].sites && p->point[PY_POINT_RAW_MALLOC].sites)
		return PY_ALLOCATOR_MIMALLOC; /* the only other that 3.13+ has */
	return PY_ALLOCATOR_UNKNOWN;
}

static void classify(const struct py_points *p, struct remote *mem, const struct table *live,
		     struct py_domain_table *out)
{
	enum py_allocator front = PY_ALLOCATOR_UNKNOWN, real;
	struct table t = *live;

	for (unsigned depth = 0; depth < HOOKS_MAX; depth++) {
		enum py_allocator here;
		uint64_t word[6];

		real = direct(p, &t);
		if (real != PY_ALLOCATOR_UNKNOWN) {
			out->redirected = real == PY_ALLOCATOR_PYMALLOC && is_redirected(p, &t);
			out->holds = front == PY_ALLOCATOR_UNKNOWN ? real : front;
			out->behind = front == PY_ALLOCATOR_UNKNOWN ? PY_ALLOCATOR_UNKNOWN : real;
			return;
		}
		if (!remote_plausible(t.context) || remote_read(mem, t.context, word, sizeof(word)))
			return;
		here = (word[0] & 0xff) == 'r' || (word[0] & 0xff) == 'm' || (word[0] & 0xff) == 'o'
			       ? PY_ALLOCATOR_DEBUG
			       : PY_ALLOCATOR_HOOK;
		if (here == PY_ALLOCATOR_DEBUG && word[0] >> 8)
			here = PY_ALLOCATOR_HOOK; /* a pointer that ends in such a byte */
		memcpy(&t, here == PY_ALLOCATOR_DEBUG ? &word[1] : &word[0], sizeof(t));
		front = front == PY_ALLOCATOR_UNKNOWN ? here : front;
	}
}

static void read_table(const struct py_points *p, struct remote *mem, struct py_domain_table *out)
{
	struct table t;

	out->context = 0;
	memset(out->function, 0, sizeof(out->function));
	out->holds = out->behind = PY_ALLOCATOR_UNKNOWN;
	out->redirected = false;
	if (!out->address || remote_read(mem, out->address, &t, sizeof(t)))
		return;
	out->context = t.context;
	memcpy(out->function, t.function, sizeof(t.function));
	classify(p, mem, &t, out);
}

/* Does the domain end in @wanted? Says what there is instead, or in front. */
static enum py_live judge(const struct py_domain_table *t, const char *domain,
			  enum py_allocator wanted, struct strbuf *why)
{
	if (t->holds == wanted)
		return PY_LIVE_YES;
	strbuf_addf(why, "%s%s: ", why->len ? "; " : "", domain);
	if (t->holds == PY_ALLOCATOR_UNKNOWN) {
		strbuf_add(why, t->address ? "an allocator that is not CPython's"
					   : "its table was not found");
		return t->address && t->function[0] ? PY_LIVE_REPLACED : PY_LIVE_UNKNOWN;
	}
	strbuf_add(why, py_allocator_name(t->holds));
	if (t->behind != PY_ALLOCATOR_UNKNOWN)
		strbuf_addf(why, " in front of %s", py_allocator_name(t->behind));
	return t->behind == wanted ? PY_LIVE_YES : PY_LIVE_REPLACED;
}

static bool same(const struct py_domain_table *a, const struct py_domain_table *b)
{
	return a->address && b->address && a->holds == b->holds && a->behind == b->behind;
}

static void judge_point(struct py_points *p, enum py_point point)
{
	struct py_point_found *found = &p->point[point];
	enum py_live live, other;
	struct strbuf why;

	found->live = PY_LIVE_UNKNOWN;
	if (!found->sites)
		return;
	strbuf_init(&why, found->why, sizeof(found->why));
	if (point >= PY_POINT_RAW_MALLOC) {
		found->live = judge(&p->table[PY_DOMAIN_RAW], "raw", PY_ALLOCATOR_MALLOC, &why);
		return;
	}
	if (same(&p->table[PY_DOMAIN_MEM], &p->table[PY_DOMAIN_OBJECT])) {
		found->live = judge(&p->table[PY_DOMAIN_MEM], "mem and object",
				    PY_ALLOCATOR_PYMALLOC, &why);
		return;
	}
	live = judge(&p->table[PY_DOMAIN_MEM], "mem", PY_ALLOCATOR_PYMALLOC, &why);
	other = judge(&p->table[PY_DOMAIN_OBJECT], "object", PY_ALLOCATOR_PYMALLOC, &why);
	if (live == other)
		found->live = live;
	else if (live != PY_LIVE_UNKNOWN && other != PY_LIVE_UNKNOWN)
		found->live = PY_LIVE_PARTLY;
}

void py_points_refresh(struct py_points *points, struct remote *mem)
{
	for (unsigned i = 0; i < PY_DOMAINS; i++)
		read_table(points, mem, &points->table[i]);
	for (unsigned i = PY_POINT_OBJECT_MALLOC; i <= PY_POINT_RAW_FREE; i++)
		judge_point(points, i);
}
