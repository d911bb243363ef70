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

/* Frames visited where so many are wanted: about one in three may be a shim, to be skipped. */
#define UNWIND_VISITS_OF(most) ((most) + (most) / 2)
#define UNWIND_VISITS UNWIND_VISITS_OF(PY_MAX_FRAMES)

enum unwound {
	UNWOUND = 0,	 /* to the outermost frame */
	UNWOUND_BAD = 1, /* a frame could not be read, or is its own caller */
	UNWOUND_CUT = 2, /* more frames than asked for, or half as many again with those skipped */
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
	if (end < l->fr_instr + sizeof(__u64))
		end = l->fr_instr + sizeof(__u64);
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

enum unwind_step {
	STEP_KEPT,    /* @ref is a frame of Python code */
	STEP_SKIPPED, /* a shim */
	STEP_BAD,     /* could not be read, or is its own caller */
};

/* A word of a header, whose frame may lie anywhere: what says where it is may be nonsense. */
static __always_inline __u64 unwind_word(const __u8 *header, __u32 offset)
{
#ifdef __bpf__
	return *(const __u64 *)(header + offset);
#else
	__u64 word;

	__builtin_memcpy(&word, header + offset, sizeof(word));
	return word;
#endif
}

/* The frame at *@frame, of which @header is a copy; go on to its caller. */
static __always_inline enum unwind_step unwind_take(unwind_layout *l, const __u8 *header,
						    __u64 *frame, struct py_frame_ref *ref)
{
	__u64 previous = unwind_word(header, l->fr_previous);

	if (previous == *frame)
		return STEP_BAD;
	*frame = previous;
	if (l->skip_owner_min != 0xffffffff && header[l->fr_owner] >= l->skip_owner_min)
		return STEP_SKIPPED;
	ref->code = unwind_word(header, l->fr_code) & ~7ULL;
	ref->instr = unwind_word(header, l->fr_instr);
	if (l->instr_is_int)
		ref->instr = (__s64)(__s32)ref->instr;
	return STEP_KEPT;
}

/* Read the frame at *@frame, whose header has @size bytes, and go on to its caller. */
static __always_inline enum unwind_step unwind_step(unwind_layout *l, __u32 size, __u64 *frame,
						    struct py_frame_ref *ref)
{
	union {
		__u64 align;
		__u8 bytes[PY_FRAME_HEADER];
	} header;

	if (!read_target(header.bytes, size, *frame))
		return STEP_BAD;
	return unwind_take(l, header.bytes, frame, ref);
}

/*
 * Fill @frames (@most of them) and *@depth. @depth must lie in memory that the compiler cannot keep
 * in a register, as a ring buffer record does: the verifier then forgets its value at each step,
 * and 192 steps cost it 192 states, not one for each mix of kept and skipped frames.
 */
static __always_inline enum unwound unwind_most(unwind_layout *l, __u64 thread_state,
						struct py_frame_ref *frames, __u32 most,
						volatile __u32 *depth)
{
	__u32 size = unwind_header_size(l);
	__u64 frame;

	*depth = 0;
	if (size > PY_FRAME_HEADER || !unwind_first_frame(l, thread_state, &frame))
		return UNWOUND_BAD;
	for (__u32 visit = 0; visit < UNWIND_VISITS_OF(most) && frame; visit++) {
		__u32 kept = *depth;
		struct py_frame_ref ref;
		enum unwind_step step = unwind_step(l, size, &frame, &ref);

		if (step == STEP_BAD)
			return UNWOUND_BAD;
		if (step == STEP_SKIPPED)
			continue;
		if (kept >= most)
			return UNWOUND_CUT;
		frames[kept] = ref;
		*depth = kept + 1;
	}
	return frame ? UNWOUND_CUT : UNWOUND;
}

static __always_inline enum unwound unwind(unwind_layout *l, __u64 thread_state,
					   struct py_frame_ref *frames, volatile __u32 *depth)
{
	return unwind_most(l, thread_state, frames, PY_MAX_FRAMES, depth);
}

/*
 * A read costs the same for 8 bytes and for some hundred, and from 3.11 on the frames of calls lie
 * one behind the other: one read brings several.
 *
 *	struct py_window   | ... caller's caller | caller ...        | frame: header | ...
 *	                   start, a multiple of PY_WINDOW            last
 *
 * The header of the frame at @frame, whose @size is at most PY_FRAME_HEADER; NULL: unreadable.
 */
static __always_inline const __u8 *unwind_look(struct py_window *w, __u64 frame, __u32 size)
{
	__u64 at = frame % PY_WINDOW;

	if (frame - w->start > w->last) {
		w->start = frame - at;
		w->last = at;
		if (!read_target(w->bytes, at + size, w->start))
			return NULL;
	}
	return w->bytes + at;
}

/*
 * The hash of the innermost @most frames: what unwind_most() would fill in, without a place to fill
 * it into, in fewer reads. *@depth as there; @w is used meanwhile, and lies in a map, because the
 * place in it varies. False where nothing could be read.
 */
static __always_inline bool unwind_hash(unwind_layout *l, __u64 thread_state, struct py_window *w,
					__u32 most, volatile __u32 *depth, __u64 *hash)
{
	__u32 size = unwind_header_size(l);
	__u64 frame;

	*depth = 0;
	w->start = 0; /* frames have changed since */
	w->last = 0;
	if (size > PY_FRAME_HEADER || !unwind_first_frame(l, thread_state, &frame))
		return false;
	for (__u32 visit = 0; visit < UNWIND_VISITS_OF(most) && frame; visit++) {
		const __u8 *header = unwind_look(w, frame, size);
		struct py_frame_ref ref;
		enum unwind_step step;

		if (!header || *depth >= most)
			break;
		step = unwind_take(l, header, &frame, &ref);
		if (step == STEP_BAD)
			break;
		if (step == STEP_SKIPPED)
			continue;
		*hash = (*hash ^ ref.code) * 0xff51afd7ed558ccdULL;
		*hash = (*hash ^ ref.instr ^ *hash >> 29) * 0xc4ceb9fe1a85ec53ULL;
		*hash ^= *hash >> 32;
		*depth += 1;
	}
	return *depth > 0;
}

#endif
