// SPDX-License-Identifier: Apache-2.0
#include <string.h>

#include "code_file.h"

#define PADDING_MAX 9 /* bytes of the longest nop that compilers write */

/* The length of the instruction at @at if it does nothing, of at most @most bytes; 0: it does. */
static size_t idle_at(const struct code *c, uint64_t at, size_t most)
{
	const struct code_segment *s = code_segment_of(c, at, most);

	if (!s || !(s->flags & PF_X))
		return 0;
	return c->machine->idle(s->bytes + (at - s->vaddr), most);
}

static bool take(const struct code *c, uint64_t address, struct code_alias *out)
{
	*out = (struct code_alias){.address = address, .emulated = code_emulated(c, address)};
	return true;
}

/* Behind an endbr64, if that still passes @probe. */
static bool behind_entry(const struct code *c, uint64_t entry, uint64_t probe,
			 struct code_alias *out)
{
	const struct code_function *f = code_function_at(c, entry);
	size_t most = f ? (size_t)(f->end - entry) : 0, idle;

	idle = idle_at(c, entry, most < PADDING_MAX ? most : PADDING_MAX);
	return idle && (!probe || entry + idle <= probe) && take(c, entry + idle, out);
}

/* A nop between the function before it and the entry; also one in the bytes of a longer one. */
static bool before_entry(const struct code *c, uint64_t entry, bool emulated,
			 struct code_alias *out)
{
	for (size_t len = 1; len <= PADDING_MAX && !code_function_at(c, entry - len); len++)
		if (idle_at(c, entry - len, len) == len && take(c, entry - len, out) &&
		    (!emulated || out->emulated != CODE_STEPPED))
			return true;
	return false;
}

struct jumps {
	const struct code *c;
	uint64_t entry;
	uint64_t found; /* 0: none yet */
};

/* A function that goes to its own beginning again does so without being called. */
static bool add_jump(void *arg, uint64_t at, const struct code_instruction *in)
{
	struct jumps *j = arg;
	const struct code_function *f = code_function_at(j->c, at);

	if (in->kind == CODE_JUMP && f && f->start != j->entry)
		j->found = at;
	return !j->found;
}

static bool jump_to_entry(const struct code *c, uint64_t entry, struct code_alias *out)
{
	struct jumps j = {.c = c, .entry = entry};

	code_jumps(c, entry, entry + 1, add_jump, &j);
	return j.found && take(c, j.found, out);
}

bool code_alias(const struct code *c, uint64_t entry, uint64_t probe, struct code_alias *out)
{
	*out = (struct code_alias){.address = 0};
	if (probe && (behind_entry(c, entry, probe, out) || before_entry(c, entry, false, out) ||
		      jump_to_entry(c, entry, out)))
		return true;
	if (!probe && (before_entry(c, entry, true, out) || jump_to_entry(c, entry, out) ||
		       before_entry(c, entry, false, out) || behind_entry(c, entry, 0, out)))
		return true;
	*out = (struct code_alias){.address = 0};
	return false;
}
