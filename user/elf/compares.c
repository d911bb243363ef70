// SPDX-License-Identifier: Apache-2.0
#include <errno.h>

#include "code_file.h"

#define BETWEEN_MAX 6 /* instructions from where a register gets the address to its comparison */

struct compares {
	const struct code *c;
	code_visit *visit;
	void *arg;
};

static const uint8_t *bytes_at(const struct code *c, uint64_t at, size_t *len)
{
	const struct code_segment *s = code_segment_of(c, at, 1);

	*len = s ? s->size - (at - s->vaddr) : 0;
	return s ? s->bytes + (at - s->vaddr) : NULL;
}

/* The comparison at @at decides the branch directly behind it: processors run the two as one. */
static bool visit_branch(const struct compares *s, uint64_t at)
{
	struct code_instruction in;

	if (code_decode(s->c, at, &in))
		return true;
	at += in.length;
	if (code_decode(s->c, at, &in) || in.kind != CODE_BRANCH)
		return true;
	return s->visit(s->arg, at, &in);
}

/* A register got the address at @at: where is it compared? */
static bool follow_register(const struct compares *s, uint64_t at, unsigned reg)
{
	struct code_instruction in;

	for (unsigned i = 0; i < BETWEEN_MAX && !code_decode(s->c, at, &in); i++) {
		const uint8_t *bytes;
		size_t len;

		if (in.kind != CODE_OTHER)
			break;
		at += in.length;
		bytes = bytes_at(s->c, at, &len);
		if (bytes && s->c->machine->compares(bytes, len, reg))
			return visit_branch(s, at);
	}
	return true;
}

static bool visit_ref(void *arg, uint64_t at, const struct code_instruction *in)
{
	const struct compares *s = arg;
	size_t len;
	const uint8_t *bytes = bytes_at(s->c, at, &len);
	unsigned reg;

	(void)in;
	if (!bytes)
		return true;
	if (s->c->machine->compares(bytes, len, CODE_NO_REGISTER))
		return visit_branch(s, at);
	reg = s->c->machine->loads(bytes, len);
	return reg == CODE_NO_REGISTER || follow_register(s, at, reg);
}

int code_compares(const struct code *c, uint64_t target, code_visit *visit, void *arg)
{
	struct compares s = {.c = c, .visit = visit, .arg = arg};

	return code_refs(c, target, visit_ref, &s);
}
