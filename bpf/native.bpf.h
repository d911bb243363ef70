/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A snapshot of both stacks of the thread under a uprobe: registers, the top of the native stack,
 * the Python frames. See struct native_snapshot.
 *
 * About 21 KiB: reserve it in a ring buffer, only for what is worth one. 16 reads of 1 KiB and one
 * for each Python frame.
 */
#ifndef PYLEAK_NATIVE_BPF_H
#define PYLEAK_NATIVE_BPF_H

#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "abi.h"
#include "read.bpf.h"
#include "thread.bpf.h"
#include "unwind.bpf.h"

/*
 * include/linux/uprobes.h, 5.10 to 6.18. While a function with a return probe runs, the address of
 * the kernel's trampoline lies on the stack in place of its return address.
 */
struct return_instance___native {
	unsigned long stack;	      /* where the return address was */
	unsigned long orig_ret_vaddr; /* the return address */
	struct return_instance___native *next;
} __attribute__((preserve_access_index));

struct uprobe_task___native {
	struct return_instance___native *return_instances; /* innermost first */
} __attribute__((preserve_access_index));

struct task_struct___native {
	struct uprobe_task___native *utask;
} __attribute__((preserve_access_index));

static __always_inline void native_returns(struct native_snapshot *s)
{
	struct task_struct___native *task = (void *)bpf_get_current_task();
	struct uprobe_task___native *probes = BPF_CORE_READ(task, utask);
	struct return_instance___native *at = NULL;

	s->returns = 0;
	if (probes)
		at = BPF_CORE_READ(probes, return_instances);
	for (int i = 0; i < NATIVE_RETURNS && at; i++) {
		s->replaced[i].stack = BPF_CORE_READ(at, stack);
		s->replaced[i].address = BPF_CORE_READ(at, orig_ret_vaddr);
		s->returns = i + 1;
		at = BPF_CORE_READ(at, next);
	}
}

static __always_inline void native_stack(struct native_snapshot *s)
{
	__u64 start = s->sp & ~(NATIVE_CHUNK - 1ULL);
	__u32 size = 0;

	s->stack_start = start;
#pragma unroll
	for (int at = 0; at < NATIVE_STACK_BYTES; at += NATIVE_CHUNK) {
		if (!read_target(s->stack + at, NATIVE_CHUNK, start + at))
			break;
		size = at + NATIVE_CHUNK;
	}
	s->stack_size = size;
}

/* Who called the Python frame at @frame? Its entry[], but for those that a shim tells. */
static __always_inline __u64 native_entry(unwind_layout *l, __u64 frame)
{
	__u8 is_entry = 0;

	if (l->instr_is_int) /* up to 3.10: C runs each frame anew */
		return NATIVE_ENTRY_SOMEWHERE;
	if (l->fr_is_entry != 0xffffffff)
		read_target(&is_entry, sizeof(is_entry), frame + l->fr_is_entry);
	return is_entry ? NATIVE_ENTRY_SOMEWHERE : 0;
}

/*
 * As unwind(), and entry[] too. From 3.12 on the loop keeps a shim in its native frame and links it
 * behind the first Python frame that it runs. Of several shims in a row that is the first: from
 * 3.15 on the thread state has one too, behind all others.
 */
static __always_inline enum unwound native_python(unwind_layout *l, __u64 thread_state,
						  struct native_snapshot *s)
{
	volatile __u32 *depth = &s->depth;
	__u32 size = unwind_header_size(l);
	__u64 frame;

	*depth = 0;
	if (!thread_state)
		return UNWOUND;
	if (size > PY_FRAME_HEADER || !unwind_first_frame(l, thread_state, &frame))
		return UNWOUND_BAD;
	for (int visit = 0; visit < PY_MAX_FRAMES + PY_MAX_FRAMES / 2 && frame; visit++) {
		__u32 kept = *depth;
		__u64 at = frame;
		struct py_frame_ref ref;
		enum unwind_step step = unwind_step(l, size, &frame, &ref);

		if (step == STEP_BAD)
			return UNWOUND_BAD;
		if (step == STEP_SKIPPED) {
			if (kept && kept <= PY_MAX_FRAMES && !s->entry[kept - 1])
				s->entry[kept - 1] = at;
			continue;
		}
		if (kept >= PY_MAX_FRAMES)
			return UNWOUND_CUT;
		s->frame[kept] = ref;
		s->entry[kept] = native_entry(l, at);
		*depth = kept + 1;
	}
	return frame ? UNWOUND_CUT : UNWOUND;
}

/* Fill in all of @s. Works at a function's entry, or where it returns. */
static __always_inline enum unwound native_fill(struct native_snapshot *s, struct pt_regs *regs,
						unwind_layout *l, __u64 cookie)
{
	enum unwound end;

	s->time_ns = bpf_ktime_get_ns();
	s->cookie = cookie;
	s->ip = PT_REGS_IP(regs);
	s->sp = PT_REGS_SP(regs);
	s->bp = PT_REGS_FP(regs);
	s->tid = bpf_get_current_pid_tgid();
	s->pad = 0;
	native_returns(s);
	native_stack(s);
	end = native_python(l, thread_state(l), s);
	s->truncated = end != UNWOUND;
	return end;
}

#endif
