// SPDX-License-Identifier: Apache-2.0
/*
 * A snapshot of a thread (struct native_snapshot) into its native frames, and into one stack with
 * the Python frames at their places.
 *
 * Frames are followed by the call frame information of the images, and by frame pointers in code
 * that has none. Nothing but the snapshot and the images is read, so the thread may have gone on,
 * or be gone. Both are hostile: each frame must lie above the one before it, inside the copy.
 *
 * x86-64 only; elsewhere stacks have no native frames.
 */
#ifndef PYLEAK_SYMBOLIZE_NATIVE_H
#define PYLEAK_SYMBOLIZE_NATIVE_H

#include <stdbool.h>
#include <stdint.h>

#include "../../bpf/abi.h"
#include "../cpython/runtime.h"
#include "../model/report.h"
#include "../target/process.h"
#include "pyframe.h"

#define NATIVE_MAX_FRAMES 128

/* Rows of call frame information kept, by address; a newer one takes an older one's place. */
#define NATIVE_ROWS 8192
/* Names kept, likewise. */
#define NATIVE_NAMES 2048

enum native_end {
	NATIVE_OUTERMOST, /* to the thread's first function */
	NATIVE_COPY_ENDS, /* the next frame lies beyond the copy of the stack */
	NATIVE_LOST,	  /* code without call frame information or frame pointers */
	NATIVE_DEEP,	  /* more than NATIVE_MAX_FRAMES */
};

struct native_frame {
	uint64_t address;      /* inside the call, so that it is in the calling function */
	uint64_t start, end;   /* of the frame on the stack; end is not included */
};

struct native_stack {
	struct native_frame frame[NATIVE_MAX_FRAMES]; /* innermost first */
	uint32_t depth;
	enum native_end end;
};

struct native;

/*
 * For stacks of the process @p, in which @rt was found; both are borrowed. 0, -ENOMEM, -ESRCH.
 * Free with native_free(); NULL is allowed.
 */
int native_new(struct native **out, const struct process *p, const struct py_runtime *rt);
void native_free(struct native *n);

/* The process may have loaded or unloaded code: call it before each batch of snapshots. */
void native_refresh(struct native *n);

/* Follow the frames of a snapshot, which has at least its header (all before `stack`). */
void native_unwind(struct native *n, const struct native_snapshot *s, struct native_stack *out);

/*
 * Name the function at @address: file is its image's path, function its name, demangled if it is
 * C++'s; where no symbol covers it "+0x1234", the link address that its function begins at, and ""
 * in code of no file.
 */
void native_name(struct native *n, uint64_t address, struct frame *out);

/*
 * Both stacks in one, innermost first: native frames by name, and in place of each run of the
 * interpreter loop the Python frames that it ran. CPython's own functions in between say nothing
 * and are left out, and so is what lies outside of the outermost Python frame; a thread that runs
 * no Python code keeps everything.
 */
void native_merge(struct native *n, const struct native_snapshot *s, struct pyframes *pyframes,
		  struct stack *out);

#endif
