// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <string.h>

#include "code_file.h"

#define INSTRUCTION_MAX 16
#define PROBE_MAX 64 /* bytes from an entry that are looked at for a cheap instruction */
#define PARENTS_MAX 3	/* a part of a part of a part is none that compilers make */

static const uint8_t *instruction_at(const struct code *c, uint64_t at, size_t *len)
{
	const struct code_segment *s = code_segment_of(c, at, 1);

	if (!s || !(s->flags & PF_X))
		return NULL;
	*len = s->size - (at - s->vaddr) < INSTRUCTION_MAX ? s->size - (at - s->vaddr)
							   : INSTRUCTION_MAX;
	return s->bytes + (at - s->vaddr);
}

int code_decode(const struct code *c, uint64_t at, struct code_instruction *out)
{
	size_t len;
	const uint8_t *bytes = instruction_at(c, at, &len);

	return bytes ? c->machine->decode(bytes, len, at, out) : -EFAULT;
}

enum code_emulated code_emulated(const struct code *c, uint64_t at)
{
	size_t len;
	const uint8_t *bytes = instruction_at(c, at, &len);

	return bytes ? c->machine->emulated(bytes, len) : CODE_STEPPED;
}

int code_walk(const struct code *c, const struct code_function *f, code_visit *visit, void *arg)
{
	struct code_instruction in;

	for (uint64_t at = f->start; at < f->end; at += in.length) {
		if (code_decode(c, at, &in))
			return -EINVAL;
		if (!visit(arg, at, &in))
			break;
	}
	return 0;
}

/* The instruction in whose bytes @inside lies: 1 and @at; 0: in no function; -EINVAL: unknown. */
static int instruction_around(const struct code *c, uint64_t inside, uint64_t *at,
			      struct code_instruction *in)
{
	const struct code_function *f = code_function_at(c, inside);

	if (!f)
		return 0;
	for (*at = f->start; *at < f->end; *at += in->length) {
		if (code_decode(c, *at, in))
			return -EINVAL;
		if (inside < *at + in->length)
			return 1;
	}
	return 0;
}

struct scan {
	uint64_t lo, hi;
	bool jumps;
	code_visit *visit;
	void *arg;
	int rc;
};

static bool fits(const struct code *c, const struct scan *s, const struct code_instruction *in)
{
	if (s->jumps)
		return in->kind != CODE_OTHER && in->target >= s->lo && in->target < s->hi;
	return (in->has_memory && in->memory == s->lo) ||
	       (c->absolute && in->has_immediate && in->immediate == s->lo);
}

static bool scan_segment(const struct code *c, const struct code_segment *seg, struct scan *s)
{
	size_t (*next)(const uint8_t *, size_t, size_t, uint64_t, uint64_t, uint64_t) =
		s->jumps ? c->machine->next_jump : c->machine->next_operand;
	size_t i = 0;

	while ((i = next(seg->bytes, seg->size, i, seg->vaddr, s->lo, s->hi)) != SIZE_MAX) {
		struct code_instruction in;
		uint64_t at;
		int found = instruction_around(c, seg->vaddr + i, &at, &in);

		i++;
		if (found < 0)
			s->rc = -EINVAL;
		if (found <= 0 || !fits(c, s, &in))
			continue;
		if (!s->visit(s->arg, at, &in))
			return false;
		i = (size_t)(at + in.length - seg->vaddr);
	}
	return true;
}

static int scan(const struct code *c, struct scan *s)
{
	for (size_t i = 0; i < c->segments; i++) {
		if (c->segment[i].flags & PF_X && !scan_segment(c, &c->segment[i], s))
			break;
	}
	return s->rc;
}

int code_refs(const struct code *c, uint64_t target, code_visit *visit, void *arg)
{
	struct scan s = {.lo = target, .hi = target + 1, .visit = visit, .arg = arg};

	return scan(c, &s);
}

int code_jumps(const struct code *c, uint64_t from, uint64_t to, code_visit *visit, void *arg)
{
	struct scan s = {.lo = from, .hi = to, .jumps = true, .visit = visit, .arg = arg};

	return scan(c, &s);
}

/* What connects a part with other functions. */
struct ties {
	const struct code *c;
	const struct code_function *part;
	const struct code_function *from; /* jumps there */
	const struct code_function *back; /* is jumped back to, not at its beginning */
	bool called, several_from, several_back;
};

static bool tie_in(void *arg, uint64_t at, const struct code_instruction *in)
{
	struct ties *t = arg;
	const struct code_function *f = code_function_at(t->c, at);

	if (in->kind == CODE_CALL) {
		t->called = t->called || in->target == t->part->start;
		return true;
	}
	if (!f || f == t->part)
		return true;
	t->several_from = t->several_from || (t->from && t->from != f);
	t->from = f;
	return true;
}

static bool tie_out(void *arg, uint64_t at, const struct code_instruction *in)
{
	struct ties *t = arg;
	const struct code_function *f;

	(void)at;
	if (in->kind != CODE_JUMP && in->kind != CODE_BRANCH)
		return true;
	f = code_function_at(t->c, in->target);
	if (!f || f == t->part || f->start == in->target)
		return true;
	t->several_back = t->several_back || (t->back && t->back != f);
	t->back = f;
	return true;
}

static bool set_called(void *arg, uint64_t at, const struct code_instruction *in)
{
	struct ties *t = arg;

	(void)at;
	(void)in;
	t->called = true;
	return false;
}

static bool pointed_to(const struct code *c, uint64_t address)
{
	uint64_t start, end, word;

	for (unsigned i = 0; code_data(c, i, &start, &end); i++) {
		for (uint64_t at = start; at < end; at += 8) {
			if (code_word(c, at, &word) && word == address)
				return true;
		}
	}
	return false;
}

/*
 * One step; @part itself where it is a whole function, NULL where that is not clear. A part and its
 * function jump into each other's middle; but no part is ever called or pointed to.
 */
static const struct code_function *parent_of(const struct code *c, const struct code_function *part)
{
	struct ties t = {.c = c, .part = part};

	if (code_jumps(c, part->start, part->end, tie_in, &t) ||
	    code_walk(c, part, tie_out, &t))
		return NULL;
	if (!t.called)
		code_refs(c, part->start, set_called, &t);
	if (t.called || pointed_to(c, part->start))
		return part;
	if (!t.back && !part->inside_frame)
		return part;
	if (t.several_back || t.several_from || (t.from && t.back && t.from != t.back))
		return NULL;
	return t.back ? t.back : t.from;
}

const struct code_function *code_parent(const struct code *c, const struct code_function *part)
{
	for (unsigned i = 0; i < PARENTS_MAX; i++) {
		const struct code_function *parent = parent_of(c, part);

		if (!parent || parent == part)
			return parent;
		part = parent;
	}
	return NULL;
}

/* Jumps to where a probe is, or between it and the entry. */
struct passes {
	const struct code_function *function;
	uint64_t lo, hi;
	bool again;
};

static bool goes_again(void *arg, uint64_t at, const struct code_instruction *in)
{
	struct passes *p = arg;

	(void)at;
	p->again = in->kind != CODE_OTHER && in->target >= p->lo && in->target < p->hi;
	return !p->again;
}

/* Is the instruction at @at passed once for each call of the function at @entry, and only then? */
static bool passed_once(const struct code *c, uint64_t entry, uint64_t at, enum code_emulated what)
{
	const struct code_function *f = code_function_at(c, entry);
	struct passes p = {.function = f, .lo = entry + (what == CODE_PUSH), .hi = at + 1};

	if (!f || f->start != entry || at >= f->end || code_walk(c, f, goes_again, &p) || p.again)
		return false;
	p.lo = entry + 1;
	return at == entry || (!code_jumps(c, p.lo, p.hi, goes_again, &p) && !p.again);
}

void code_probe(const struct code *c, uint64_t entry, bool first_is_free, struct code_probe *out)
{
	uint64_t at = entry;

	*out = (struct code_probe){.offset = 0, .emulated = CODE_STEPPED};
	while (at - entry < PROBE_MAX) {
		enum code_emulated what = code_emulated(c, at);
		struct code_instruction in;
		const uint8_t *bytes;
		size_t len;

		if (what != CODE_STEPPED && passed_once(c, entry, at, what)) {
			out->offset = (uint32_t)(at - entry);
			out->emulated = what;
			return;
		}
		bytes = instruction_at(c, at, &len);
		if (!bytes || !c->machine->harmless(bytes, len, first_is_free) ||
		    code_decode(c, at, &in))
			return;
		at += in.length;
	}
}
