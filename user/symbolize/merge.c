// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "unwind.h"

/* PyAPI_FUNC since 3.6 (PEP 523), so that every build exports it. */
#define LOOP "_PyEval_EvalFrameDefault"

#define PART_MAX (1 << 20) /* bytes of a part of the loop that are looked at */

bool native_is_cpython(const struct native *n, uint64_t address)
{
	return address >= n->runtime->image_start && address < n->runtime->image_end;
}

/*
 * Is there a jump or branch from @bytes, which begin at @vaddr, into the inside of [start, end)?
 * Looked for at every byte, not at every instruction: that four bytes hit the function by chance
 * happens to one in 2^32 / (end - start).
 */
static bool jumps_into(const uint8_t *bytes, size_t size, uint64_t vaddr, uint64_t start,
		       uint64_t end)
{
	for (size_t i = 0; i + 5 <= size; i++) {
		size_t length = bytes[i] == 0xe9 ? 5 : 6; /* jmp rel32, or jcc rel32: 0f 8x */
		uint64_t target;
		int32_t distance;

		if (length == 6 && (bytes[i] != 0x0f || (bytes[i + 1] & 0xf0) != 0x80 ||
				    i + 6 > size))
			continue;
		memcpy(&distance, bytes + i + length - 4, sizeof(distance));
		target = vaddr + i + length + (uint64_t)(int64_t)distance;
		if (target > start && target < end)
			return true;
	}
	return false;
}

/*
 * Compilers move the unlikely code of the loop away, into a part that has an entry of its own in
 * the call frame information and that jumps back: no other function jumps to the loop's inside.
 */
static bool is_moved_away(const struct image *img, const struct image_symbol *loop, uint64_t start,
			  uint64_t end)
{
	uint8_t *bytes;
	bool found;

	if (end - start > PART_MAX)
		return false;
	bytes = malloc(end - start);
	if (!bytes)
		return false;
	found = image_read(img, start, bytes, end - start) == 0 &&
		jumps_into(bytes, end - start, start, loop->value, loop->value + loop->size);
	free(bytes);
	return found;
}

static struct loop_part ask_image(const struct image *img, uint64_t vaddr)
{
	struct loop_part part = { .start = vaddr, .end = vaddr + 1 };
	struct image_symbol loop;

	if (image_symbol(img, LOOP, &loop))
		return part;
	if (cfi_function(img, vaddr, &part.start, &part.end))
		return part;
	part.is_loop = (vaddr >= loop.value && vaddr - loop.value < loop.size) ||
		       is_moved_away(img, &loop, part.start, part.end);
	return part;
}

bool native_is_loop(struct native *n, uint64_t address)
{
	struct module *at;
	bool executable;
	uint64_t vaddr;

	if (!native_is_cpython(n, address))
		return false;
	at = modules_find(&n->modules, address, &executable);
	if (!at || !at->image)
		return false;
	vaddr = address - at->bias;
	for (size_t i = 0; i < n->parts && i < LOOP_PARTS; i++)
		if (vaddr >= n->part[i].start && vaddr < n->part[i].end)
			return n->part[i].is_loop;
	n->part[n->parts % LOOP_PARTS] = ask_image(at->image, vaddr);
	return n->part[n->parts++ % LOOP_PARTS].is_loop;
}

/* A merge under way. */
struct merge {
	struct native *native;
	const struct native_snapshot *snapshot;
	struct pyframes *pyframes;
	struct stack *out;
	uint32_t next, depth; /* Python frames that were placed, and all there are */
};

static struct frame *add_frame(struct merge *m)
{
	if (m->out->depth == REPORT_STACK_MAX) {
		m->out->truncated = true;
		return NULL;
	}
	return &m->out->frame[m->out->depth++];
}

/* The Python frames up to and with the next one that C called. */
static void add_run(struct merge *m)
{
	bool entry = false;

	while (m->next < m->depth && !entry) {
		struct frame *frame = add_frame(m);

		entry = m->snapshot->entry[m->next] != 0;
		if (frame)
			pyframes_resolve(m->pyframes, &m->snapshot->frame[m->next], frame);
		m->next++;
	}
}

/*
 * How many of the runs that were not placed yet did this native frame run? By the address that the
 * loop keeps in its own frame, else by being the loop.
 */
static unsigned runs_of(const struct merge *m, const struct native_frame *frame)
{
	const struct native_snapshot *s = m->snapshot;
	bool known = false;
	unsigned run = 0;

	for (uint32_t i = m->next; i < m->depth; i++) {
		if (!s->entry[i])
			continue;
		run++;
		if (s->entry[i] >= frame->start && s->entry[i] < frame->end)
			return run;
		known |= s->entry[i] != NATIVE_ENTRY_SOMEWHERE;
	}
	return !known && native_is_loop(m->native, frame->address);
}

void native_merge(struct native *n, const struct native_snapshot *s, struct pyframes *pyframes,
		  struct stack *out)
{
	struct merge m = { .native = n, .snapshot = s, .pyframes = pyframes, .out = out };
	struct native_stack native;

	memset(out, 0, sizeof(*out));
	m.depth = s->depth < PY_MAX_FRAMES ? s->depth : PY_MAX_FRAMES;
	native_unwind(n, s, &native);
	for (uint32_t i = 0; i < native.depth && (m.next < m.depth || m.depth == 0); i++) {
		const struct native_frame *at = &native.frame[i];
		unsigned runs = runs_of(&m, at);
		struct frame *frame;

		while (runs--)
			add_run(&m);
		if (m.depth && native_is_cpython(n, at->address))
			continue;
		frame = add_frame(&m);
		if (frame)
			native_name(n, at->address, frame);
	}
	while (m.next < m.depth)
		add_run(&m);
	out->truncated |= s->truncated || (m.depth == 0 && native.end != NATIVE_OUTERMOST);
}
