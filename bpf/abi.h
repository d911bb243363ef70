/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The contract between the BPF programs and user space: the only header both worlds include. What
 * one kind of program needs is in an abi_*.h, all of which this includes. Fixed-width types
 * only (vmlinux.h or linux/types.h must come first or be includable); every size is asserted. Ids
 * are append-only.
 */
#ifndef PYLEAK_ABI_H
#define PYLEAK_ABI_H

#ifndef __VMLINUX_H__
#include <linux/types.h>
#endif

#define PY_MAX_FRAMES 128
#define WATCH_SLOTS 4 /* x86 debug registers */

/*
 * What the stack walker must know of one CPython build: filled by py_runtime_unwind() from a
 * verified layout. Offsets are bytes; a frame's header is read whole, so every fr_* offset is below
 * PY_FRAME_HEADER.
 */
#define PY_FRAME_HEADER 128

enum py_thread_by {
	PY_THREAD_BY_TSS = 1,	 /* pthread key at runtime + rt_autotsskey */
	PY_THREAD_BY_NATIVE = 2, /* search the lists: native_thread_id is the namespace's tid */
	PY_THREAD_BY_FSBASE = 3, /* search the lists: thread_id is fs base (pthread_self) */
};

struct py_unwind {
	__u64 runtime;
	__u32 tgid;	   /* in the initial pid namespace */
	__u32 thread_by;   /* enum py_thread_by: tried first; the lists are the fallback */
	__u32 tss_key;	   /* value of the pthread key; PY_THREAD_BY_TSS */
	__u32 fallback_by; /* PY_THREAD_BY_NATIVE or PY_THREAD_BY_FSBASE */
	__u32 rt_interpreters_head, is_threads_head, is_next;
	__u32 ts_next, ts_thread_id; /* ts_thread_id: the field the fallback compares */
	__u32 ts_frame;		     /* of the current frame, or of the cframe when has_cframe */
	__u32 has_cframe, cf_current_frame;
	__u32 fr_code, fr_previous, fr_instr, fr_owner;
	__u32 instr_is_int;   /* 3.8-3.10: 32-bit f_lasti */
	__u32 skip_owner_min; /* skip frames with owner >= this; 0xffffffff: fr_owner is not read */
	__u32 fr_is_entry;    /* 3.11: a byte, 1 where C called; 0xffffffff: not read */
	__u32 co_name, co_filename; /* str objects; co_name is the qualified one where there is */
	__u32 us_state, us_ascii_data;
};

struct py_frame_ref {
	__u64 code;  /* address of the code object, tag bits removed */
	__u64 instr; /* as the frame holds it; py_code_line() turns it into a line */
};

/*
 * A copy of the target's memory that the stack walker makes for itself: from an address that is a
 * multiple of PY_WINDOW, which divides a page, to the end of a frame's header. What is before the
 * frame is likely to hold its callers'. Nothing to user space.
 */
#define PY_WINDOW 512
struct py_window {
	__u64 start; /* address of bytes[0] */
	__u64 last;  /* offset of the last header in it */
	__u8 bytes[PY_WINDOW + PY_FRAME_HEADER];
};

/* One write to a watched word. Variable length: user space sees depth frames. */
struct watch_event {
	__u64 time_ns; /* CLOCK_MONOTONIC */
	__u64 value;   /* of the word after the write */
	__u32 tid;
	__u32 slot;
	__u32 generation; /* of the arming: tells late events of an earlier watch apart */
	__u32 depth;
	__u32 truncated; /* 1: more frames than PY_MAX_FRAMES */
	__u32 pad;
	struct py_frame_ref frame[PY_MAX_FRAMES];
};

/* One watched word: value of the map of slots. */
struct watch_word {
	__u64 address;
	__u64 last; /* value after the latest write; user space sets it before arming */
	__u64 hits; /* writes since arming, reported or not */
	__u32 generation;
	__u32 only_increase; /* report only writes that leave a larger value, compared as signed */
};

/* Why the kernel side gave something up; every give-up is counted under its reason. */
enum drop_reason {
	DROP_NO_THREAD = 0, /* no Python thread state for this thread */
	DROP_RINGBUF_FULL = 1,
	DROP_BAD_FRAME = 2,   /* a frame could not be read; the stack up to there was kept */
	DROP_DEPTH = 3,	      /* more frames than PY_MAX_FRAMES */
	DROP_WORD_UNREAD = 4, /* the watched word could not be read */
	DROP_LIVE_FULL = 5,   /* an allocation found no room */
	DROP_SITES_FULL = 6,  /* a new stack found no room: counted by its innermost line alone */
	DROP_CALL_LOST = 7,   /* a function was entered, its return not seen */
	DROP_THREADS_FULL = 8, /* no room to remember a call in progress */
	DROP_GC_STATE = 9,    /* the collector's state could not be read */
	DROP_GC_FULL = 10,    /* more collections ran at once than the map has room for */
	DROP_GC_SAMPLE = 11,  /* a sample of garbage found no room */
	DROP_MISPREDICTED = 12, /* a block was not the one that was recorded */
	DROP_REASONS = 16,
};

_Static_assert(sizeof(struct py_frame_ref) == 16, "py_frame_ref");
_Static_assert(sizeof(struct watch_word) == 32, "watch_word");
_Static_assert(sizeof(struct py_window) == 16 + PY_WINDOW + PY_FRAME_HEADER, "py_window");
_Static_assert(sizeof(struct watch_event) == 40 + 16 * PY_MAX_FRAMES, "watch_event");

#include "abi_account.h"
#include "abi_gc.h"
#include "abi_lifecycle.h"
#include "abi_native.h"
#include "abi_resources.h"
#include "abi_window.h"

#endif
