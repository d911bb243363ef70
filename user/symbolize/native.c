// SPDX-License-Identifier: Apache-2.0
#include "native.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../util/printable.h"
#include "demangle.h"
#include "unwind.h"

/*
 * Where the kernel saves registers, from the stack pointer in the function that a signal handler
 * returns to: struct ucontext, uc_mcontext (arch/x86/include/uapi/asm/sigcontext.h).
 */
#define SIGNAL_BP 120
#define SIGNAL_SP 160
#define SIGNAL_IP 168

/* The registers that are followed. */
struct registers {
	uint64_t ip, sp, bp;
	bool called; /* ip is a return address: the call before it counts */
};


int native_new(struct native **out, const struct process *p, const struct py_runtime *rt)
{
	struct native *n = calloc(1, sizeof(*n));
	int err = -ENOMEM;

	*out = NULL;
	if (!n)
		return err;
	n->runtime = rt;
	n->row = calloc(NATIVE_ROWS, sizeof(*n->row));
	n->named = calloc(NATIVE_NAMES, sizeof(*n->named));
	if (n->row && n->named)
		err = modules_init(&n->modules, p);
	if (err) {
		native_free(n);
		return err;
	}
	*out = n;
	return 0;
}

void native_free(struct native *n)
{
	if (!n)
		return;
	if (n->modules.module)
		modules_release(&n->modules);
	free(n->row);
	free(n->named);
	free(n);
}

void native_refresh(struct native *n)
{
	modules_refresh(&n->modules);
	if (n->generation == n->modules.generation)
		return;
	memset(n->row, 0, NATIVE_ROWS * sizeof(*n->row));
	memset(n->named, 0, NATIVE_NAMES * sizeof(*n->named));
	n->parts = 0;
	n->generation = n->modules.generation;
}

static size_t slot_of(uint64_t address, size_t slots)
{
	return (size_t)((address * 0x9e3779b97f4a7c15ULL) >> 40) & (slots - 1);
}

/* The row for @address, from the cache or the image; NULL where there is none. */
static const struct cfi_row *row_at(struct native *n, uint64_t address)
{
	struct native_row *kept = &n->row[slot_of(address, NATIVE_ROWS)];
	struct module *at;
	bool executable;

	if (kept->address != address) {
		at = modules_find(&n->modules, address, &executable);
		kept->address = address;
		kept->error = at && at->image ? cfi_row(at->image, address - at->bias, &kept->row) :
						-ENOENT;
	}
	return kept->error ? NULL : &kept->row;
}

/* The word at @address of the stack as the program would see it; false where it was not copied. */
static bool stack_word(const struct native_snapshot *s, uint64_t address, uint64_t *word)
{
	uint64_t size = s->stack_size < NATIVE_STACK_BYTES ? s->stack_size : NATIVE_STACK_BYTES;
	uint64_t at = address - s->stack_start;

	if (address < s->stack_start || at >= size || size - at < sizeof(*word))
		return false;
	memcpy(word, s->stack + at, sizeof(*word));
	for (uint32_t i = 0; i < s->returns && i < NATIVE_RETURNS; i++)
		if (s->replaced[i].stack == address)
			*word = s->replaced[i].address;
	return true;
}

static bool is_code(struct native *n, uint64_t address)
{
	bool executable;

	modules_find(&n->modules, address, &executable);
	return executable;
}

/* Where no row is: { caller's bp, return address } at bp, if this code keeps frame pointers. */
static enum native_end step_by_pointer(struct native *n, const struct native_snapshot *s,
				       struct registers *r)
{
	uint64_t ip, bp;

	if (r->bp < r->sp || (r->bp & 7))
		return NATIVE_LOST;
	if (!stack_word(s, r->bp, &bp) || !stack_word(s, r->bp + 8, &ip))
		return NATIVE_COPY_ENDS;
	if (!is_code(n, ip))
		return NATIVE_LOST;
	*r = (struct registers){ .ip = ip, .sp = r->bp + 16, .bp = bp, .called = true };
	return NATIVE_OUTERMOST;
}

/* The frame of a signal: the interrupted function goes on where all its registers were. */
static enum native_end step_signal(const struct native_snapshot *s, struct registers *r)
{
	struct registers interrupted = { .called = false };

	if (!stack_word(s, r->sp + SIGNAL_IP, &interrupted.ip) ||
	    !stack_word(s, r->sp + SIGNAL_SP, &interrupted.sp) ||
	    !stack_word(s, r->sp + SIGNAL_BP, &interrupted.bp))
		return NATIVE_COPY_ENDS;
	*r = interrupted;
	return NATIVE_OUTERMOST;
}

/* The canonical frame address; false where it must be read from memory that was not copied. */
static bool frame_address(const struct native_snapshot *s, const struct registers *r,
			  const struct cfi_row *row, uint64_t *cfa)
{
	switch (row->cfa) {
	case CFI_CFA_SP:
		*cfa = r->sp + (uint64_t)(int64_t)row->cfa_offset;
		return true;
	case CFI_CFA_BP:
		*cfa = r->bp + (uint64_t)(int64_t)row->cfa_offset;
		return true;
	case CFI_CFA_PLT:
		*cfa = r->sp + 8 + ((r->ip & 15) >= row->plt_bytes ? 8 : 0);
		return true;
	case CFI_CFA_AT_BP:
		return stack_word(s, r->bp + (uint64_t)(int64_t)row->cfa_offset, cfa);
	case CFI_CFA_SIGNAL:
		break;
	}
	return false;
}

/* From a function to its caller. NATIVE_OUTERMOST while that works; then *more says go on. */
static enum native_end step(struct native *n, const struct native_snapshot *s, struct registers *r,
			    bool *more)
{
	const struct cfi_row *row = row_at(n, r->called ? r->ip - 1 : r->ip);
	struct registers caller = { .called = true, .bp = r->bp };
	enum native_end end;
	uint64_t cfa;

	*more = true;
	if (!row || row->cfa == CFI_CFA_SIGNAL) {
		end = row ? step_signal(s, r) : step_by_pointer(n, s, r);
		*more = end == NATIVE_OUTERMOST;
		return end;
	}
	*more = !row->outermost;
	if (row->outermost)
		return NATIVE_OUTERMOST;
	*more = false;
	if (!frame_address(s, r, row, &cfa) ||
	    !stack_word(s, cfa + (uint64_t)(int64_t)row->return_offset, &caller.ip))
		return NATIVE_COPY_ENDS;
	caller.sp = cfa;
	if ((row->bp == CFI_BP_AT_CFA &&
	     !stack_word(s, cfa + (uint64_t)(int64_t)row->bp_offset, &caller.bp)) ||
	    (row->bp == CFI_BP_AT_BP &&
	     !stack_word(s, r->bp + (uint64_t)(int64_t)row->bp_offset, &caller.bp)))
		return NATIVE_COPY_ENDS;
	*r = caller;
	*more = r->ip != 0;
	return NATIVE_OUTERMOST;
}

void native_unwind(struct native *n, const struct native_snapshot *s, struct native_stack *out)
{
	struct registers r = { .ip = s->ip, .sp = s->sp, .bp = s->bp };
	bool more = s->ip != 0;

	out->depth = 0;
	out->end = NATIVE_OUTERMOST;
	while (more) {
		struct native_frame *frame = &out->frame[out->depth];
		uint64_t sp = r.sp;

		if (out->depth == NATIVE_MAX_FRAMES) {
			out->end = NATIVE_DEEP;
			return;
		}
		frame->address = r.called ? r.ip - 1 : r.ip;
		frame->start = frame->end = sp;
		out->depth++;
		out->end = step(n, s, &r, &more);
		if (!more)
			return;
		if (r.sp <= sp) { /* callers lie higher; anything else would go on for ever */
			out->end = NATIVE_LOST;
			return;
		}
		frame->end = r.sp;
	}
}

static void read_name(struct native *n, uint64_t address, struct frame *out)
{
	uint64_t start, end;
	struct function function;
	struct module *at;
	bool executable;

	*out = (struct frame){ .native = true };
	at = modules_find(&n->modules, address, &executable);
	if (!at)
		return;
	printable_copy(out->file, sizeof(out->file), at->path, sizeof(out->file));
	if (module_function(&n->modules, at, address, &function) == 0) {
		demangle(function.name, out->function, sizeof(out->function));
		return;
	}
	if (!at->image)
		return;
	if (cfi_function(at->image, address - at->bias, &start, &end))
		start = address - at->bias;
	snprintf(out->function, sizeof(out->function), "+0x%llx", (unsigned long long)start);
}

void native_name(struct native *n, uint64_t address, struct frame *out)
{
	struct native_named *kept = &n->named[slot_of(address, NATIVE_NAMES)];

	if (kept->address != address) {
		kept->address = address;
		read_name(n, address, &kept->frame);
	}
	*out = kept->frame;
}
