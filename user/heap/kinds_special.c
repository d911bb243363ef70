// SPDX-License-Identifier: Apache-2.0
/*
 * Frames, generators, code, weak references, lru_cache, bytearray: objects whose words are not all
 * references.
 */
#include <string.h>

#include "../cpython/code.h"
#include "kinds.h"

static bool word(struct reach *r, const struct object *o, uint64_t addr, uint64_t *value)
{
	return reach_read(r, o, addr, value, sizeof(*value));
}

/*
 * Local variables and stack of the interpreter frame at @frame, which lies in @o or, to 3.10, is
 * it. Slots of 3.14 and later carry tags: 3 in the low bits is a small int, other bits are masked
 * off.
 */
static void visit_locals(struct reach *r, const struct object *o, uint64_t frame, uint64_t count)
{
	uint64_t slot, limit = (o->start + o->size - frame) / 8;
	uint64_t at = frame + r->rt->layout.fr_localsplus;

	for (uint64_t i = 0; i < count && i < limit; i++, at += 8) {
		if (!word(r, o, at, &slot) || !slot)
			continue;
		if (r->rt->layout.facts.tagged_refs && (slot & 3) == 3)
			continue;
		reach_edge(r, o->block,
			   EDGE_LOCAL | (unsigned)(i < EDGE_LOCAL_MAX ? i : EDGE_LOCAL_MAX), at,
			   slot & ~7ull, true);
	}
}

/* How many slots of the frame are in use: named ones, and the stack as far as the frame says
 * (3.11+). */
static uint64_t slots_in_use(struct reach *r, const struct object *o, uint64_t frame,
			     unsigned named, unsigned stack)
{
	const struct py_layout *l = &r->rt->layout;
	uint64_t top = 0;
	int32_t depth = -1;

	if (py_has(l->fr_stackpointer) && word(r, o, frame + l->fr_stackpointer, &top))
		top = top > frame + l->fr_localsplus ? (top - frame - l->fr_localsplus) / 8 : 0;
	else if (py_has(l->fr_stacktop) &&
		 reach_read(r, o, frame + l->fr_stacktop, &depth, sizeof(depth)))
		top = depth > 0 ? (uint64_t)depth : 0;
	return top > named && top <= named + stack ? top : named;
}

static void visit_interpreter_frame(struct reach *r, const struct object *o, uint64_t frame)
{
	const struct py_layout *l = &r->rt->layout;
	const uint32_t fields[] = { l->fr_func, l->fr_locals, l->fr_frame_obj, l->fr_globals,
				    l->fr_builtins };
	unsigned named, stack;
	uint64_t code, held;

	if (!word(r, o, frame + l->fr_code, &code) ||
	    py_code_slots(l, r->mem, code & ~7ull, &named, &stack))
		return;
	visit_locals(r, o, frame, slots_in_use(r, o, frame, named, stack));
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		uint64_t at = frame + fields[i];

		if (py_has(fields[i]) && word(r, o, at, &held))
			reach_edge(r, o->block, EDGE_FIELD | (unsigned)((at - o->addr) / 8), at,
				   held & ~7ull, true);
	}
	reach_edge(r, o->block, EDGE_FIELD | (unsigned)((frame + l->fr_code - o->addr) / 8),
		   frame + l->fr_code, code & ~7ull, true);
}

/* To 3.10 the frame object is the frame; its stack is known only while it does not run. */
static void visit_old_frame(struct reach *r, const struct object *o)
{
	const struct py_layout *l = &r->rt->layout;
	uint64_t code, valuestack, top = 0;
	unsigned named, stack;
	int32_t depth;

	if (!word(r, o, o->addr + l->fr_code, &code) ||
	    py_code_slots(l, r->mem, code, &named, &stack) ||
	    !word(r, o, o->addr + l->fo_valuestack, &valuestack))
		return;
	if (py_has(l->fo_stackdepth) &&
	    reach_read(r, o, o->addr + l->fo_stackdepth, &depth, sizeof(depth)) && depth > 0)
		top = valuestack + 8ull * (unsigned)depth;
	else if (py_has(l->fo_stacktop))
		word(r, o, o->addr + l->fo_stacktop, &top);
	if (top > valuestack && valuestack == o->addr + l->fr_localsplus + 8ull * named &&
	    top - valuestack <= 8ull * stack)
		named += (unsigned)(top - valuestack) / 8;
	visit_locals(r, o, o->addr, named);
	kinds_visit_fields(r, o, l->fo_back, l->fo_valuestack);
	kinds_visit_fields(r, o, l->fo_trace, l->fo_trace + 8);
}

static void visit_frame(struct reach *r, const struct object *o)
{
	const struct py_layout *l = &r->rt->layout;
	uint64_t frame;

	if (!py_has(l->fo_frame)) {
		visit_old_frame(r, o);
		return;
	}
	kinds_visit_fields(r, o, l->fo_back, l->fo_back + 8);
	kinds_visit_fields(r, o, l->fo_trace, l->fo_trace + 8);
	/* a frame that still runs lies on its thread's stack, and is a root */
	if (word(r, o, o->addr + l->fo_frame, &frame) && frame == o->addr + l->fo_frame_data)
		visit_interpreter_frame(r, o, frame);
}

/* Name of a local variable of the frame at @frame; "<stack>" for the unnamed. */
static void local_name(struct reach *r, uint64_t frame, const struct step *s, struct strbuf *out)
{
	uint64_t code = reader_word(r->reader, frame + r->rt->layout.fr_code) & ~7ull;
	struct py_code known;
	char name[64];

	if (py_code_varname(&r->rt->layout, r->mem, code, s->edge & EDGE_VALUE_MAX, name,
			    sizeof(name)))
		strbuf_add(out, "<stack>");
	else if (py_code_read(&r->rt->layout, r->mem, code, &known))
		strbuf_addf(out, "<frame>.%s", name);
	else
		strbuf_addf(out, "<frame %s>.%s", known.function, name);
}

static void label_frame(struct reach *r, const struct step *s, struct strbuf *out)
{
	const struct py_layout *l = &r->rt->layout;

	local_name(r, s->parent.addr + (py_has(l->fo_frame_data) ? l->fo_frame_data : 0), s, out);
}

const struct kind_ops kind_frame = { visit_frame, label_frame, NULL };

/*
 * Its exception state links to the thread's, which is raw memory that it does not own: only
 * references are followed.
 */
static void visit_generator(struct reach *r, const struct object *o)
{
	const struct py_layout *l = &r->rt->layout;

	if (py_has(l->ge_iframe)) {
		kinds_visit_references(r, o, 16, l->ge_iframe);
		visit_interpreter_frame(r, o, o->addr + l->ge_iframe);
	} else if (py_has(l->ge_running)) {
		/* behind gi_running lie seven bytes of padding with whatever was there (to 3.9) */
		kinds_visit_references(r, o, 16, l->ge_running & ~7u);
		kinds_visit_references(r, o, (l->ge_running & ~7u) + 8, o->type->basicsize);
	} else {
		kinds_visit_references(r, o, 16, o->type->basicsize);
	}
}

static void label_generator(struct reach *r, const struct step *s, struct strbuf *out)
{
	local_name(r, s->parent.addr + r->rt->layout.ge_iframe, s, out);
}

const struct kind_ops kind_generator = { visit_generator, label_generator, NULL };

/* To 3.10 a code object borrows a frame and caches: zombie frame, extra data, opcache. */
static void visit_code(struct reach *r, const struct object *o)
{
	const struct py_layout *l = &r->rt->layout;

	kinds_visit_fields(r, o, 16,
			   py_has(l->co_zombieframe) ? l->co_zombieframe : o->type->basicsize);
}

const struct kind_ops kind_code = { visit_code, NULL, NULL };

/* The target of a weak reference and its neighbours in the list are not held. */
static void visit_weakref(struct reach *r, const struct object *o)
{
	const struct py_layout *l = &r->rt->layout;

	kinds_visit_fields(r, o, l->wr_callback, l->wr_callback + 8);
	kinds_visit_fields(r, o, o->type->kind_size, o->type->basicsize);
	kinds_visit_attributes(r, o);
}

const struct kind_ops kind_weakref = { visit_weakref, NULL, NULL };

/* Links of an lru_cache's ring are borrowed: the cache's dict holds them. */
static void visit_lru(struct reach *r, const struct object *o)
{
	kinds_visit_fields(r, o, r->rt->layout.lc_root_next + 8, o->type->basicsize);
	kinds_visit_attributes(r, o);
}

const struct kind_ops kind_lru = { visit_lru, NULL, NULL };

static void visit_lru_link(struct reach *r, const struct object *o)
{
	kinds_visit_fields(r, o, r->rt->layout.le_next + 8, o->type->basicsize);
}

const struct kind_ops kind_lru_link = { visit_lru_link, NULL, NULL };

static void visit_bytearray(struct reach *r, const struct object *o)
{
	uint64_t bytes;

	if (word(r, o, o->addr + r->rt->layout.ba_start, &bytes))
		reach_storage(r, o, bytes);
	kinds_visit_attributes(r, o);
}

const struct kind_ops kind_bytearray = { visit_bytearray, NULL, NULL };
