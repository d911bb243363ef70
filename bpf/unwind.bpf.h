/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * From a PyThreadState to the stack of (code object, instruction) pairs, innermost first.
 *
 * One walk for every CPython from 3.8 on; struct py_unwind alone tells the versions apart:
 *
 *   3.8-3.10       PyThreadState.frame ----------------------------> PyFrameObject.f_back -> ...
 *   3.11, 3.12     PyThreadState.cframe -> _PyCFrame.current_frame -> _PyInterpreterFrame.previous
 *   from 3.13      PyThreadState.current_frame --------------------> _PyInterpreterFrame.previous
 *
 * From 3.12 on, frames that the interpreter puts between C and Python have an owner at or above
 * skip_owner_min and no Python code of their own. From 3.14 on, the code pointer is a _PyStackRef
 * whose low bits are tags.
 *
 * A thread that is stopped at one of its own instructions, as under a probe or a watchpoint, holds
 * still: its frames are consistent. The memory is hostile all the same: every read is bounded, and
 * so is the walk.
 */
#ifndef PYLEAK_UNWIND_BPF_H
#define PYLEAK_UNWIND_BPF_H

#include "read.bpf.h"

#include "abi.h"

/* Frames visited, those skipped included: about one in three may be a shim. */
#define UNWIND_VISITS (PY_MAX_FRAMES + PY_MAX_FRAMES / 2)

enum unwound {
	UNWOUND = 0,	 /* to the outermost frame */
	UNWOUND_BAD = 1, /* a frame could not be read, or is its own caller */
	UNWOUND_CUT = 2, /* more frames than PY_MAX_FRAMES, or UNWIND_VISITS with those skipped */
};

/*
 * Layouts live in read-only data, where the verifier knows every value: offsets and sizes are
 * constants to it. Parameters keep `volatile`, or the compiler would fold the zeroes it sees.
 */
typedef const volatile struct py_unwind unwind_layout;

/*
 * Bytes from a frame's start that hold all fields we use: read at once, and no byte beyond them,
 * because a frame may end where the mapping of its stack chunk ends.
 */
static __always_inline __u32 unwind_header_size(unwind_layout *l)
{
	__u32 end = l->fr_code + sizeof(__u64);

	if (end < l->fr_previous + sizeof(__u64))
		end = l->fr_previous + sizeof(__u64);
	if (end < l->fr_instr + (l->instr_is_int ? sizeof(__u32) : sizeof(__u64)))
		end = l->fr_instr + (l->instr_is_int ? sizeof(__u32) : sizeof(__u64));
	if (l->skip_owner_min != 0xffffffff && end < l->fr_owner + 1)
		end = l->fr_owner + 1;
	return end;
}

/* The innermost frame, 0 where no Python code runs; false where memory gives no answer. */
static __always_inline bool unwind_first_frame(unwind_layout *l, __u64 thread_state, __u64 *frame)
{
	if (!read_target(frame, sizeof(*frame), thread_state + l->ts_frame))
		return false;
	if (!l->has_cframe || !*frame)
		return true;
	return read_target(frame, sizeof(*frame), *frame + l->cf_current_frame);
}

/*
 * Fill @frames (PY_MAX_FRAMES of them) and *@depth. @depth must lie in memory that the compiler
 * cannot keep in a register, as a ring buffer record does: the verifier then forgets its value at
 * each step, and 192 steps cost it 192 states, not one for each mix of kept and skipped frames.
 */
static __always_inline enum unwound unwind(unwind_layout *l, __u64 thread_state,
					   struct py_frame_ref *frames, volatile __u32 *depth)
{
	__u32 size = unwind_header_size(l);
	__u64 frame;
	union {
		__u64 align;
		__u8 bytes[PY_FRAME_HEADER];
	} header;

	*depth = 0;
	if (size > sizeof(header) || !unwind_first_frame(l, thread_state, &frame))
		return UNWOUND_BAD;
	for (int visit = 0; visit < UNWIND_VISITS && frame; visit++) {
		__u64 previous;
		__u32 kept = *depth;

		if (!read_target(header.bytes, size, frame))
			return UNWOUND_BAD;
		previous = *(__u64 *)(header.bytes + l->fr_previous);
		if (previous == frame)
			return UNWOUND_BAD;
		frame = previous;
		if (l->skip_owner_min != 0xffffffff &&
		    header.bytes[l->fr_owner] >= l->skip_owner_min)
			continue;
		if (kept >= PY_MAX_FRAMES)
			return UNWOUND_CUT;
		frames[kept].code = *(__u64 *)(header.bytes + l->fr_code) & ~7ULL;
		if (l->instr_is_int)
			frames[kept].instr = (__s64) * (__s32 *)(header.bytes + l->fr_instr);
		else
			frames[kept].instr = *(__u64 *)(header.bytes + l->fr_instr);
		*depth = kept + 1;
	}
	return frame ? UNWOUND_CUT : UNWOUND;
}

#endif
