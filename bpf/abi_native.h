/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The part of abi.h, which includes it, that is about native stacks.
 */
#ifndef PYLEAK_ABI_NATIVE_H
#define PYLEAK_ABI_NATIVE_H

/*
 * What a thread's C and Python stacks were at one moment. User space unwinds the copy of the native
 * stack, whose frames no kernel can follow without frame pointers.
 *
 *	stack_start		 sp				   stack_start + stack_size
 *	| dead bytes		 | innermost frame, its caller, ...  |
 */
#define NATIVE_STACK_BYTES 16384
#define NATIVE_CHUNK 1024 /* copied at once; divides a page, so that none is mapped in part */
#define NATIVE_RETURNS 8

/* A return address that a return probe has replaced on the stack, for the time of the call. */
struct native_return {
	__u64 stack;   /* where on the stack */
	__u64 address; /* what was there */
};

/* entry[] of a frame whose caller is C, where no address is known. */
#define NATIVE_ENTRY_SOMEWHERE 1

struct native_snapshot {
	__u64 time_ns; /* CLOCK_MONOTONIC */
	__u64 cookie;  /* of whoever asked for it: what the stacks belong to */
	__u64 ip, sp, bp;
	__u64 stack_start; /* address of stack[0]: sp rounded down to NATIVE_CHUNK */
	__u32 stack_size;  /* bytes copied, up to memory that is not there */
	__u32 tid;
	__u32 depth;	   /* of the Python stack */
	__u32 truncated;   /* 1: more Python frames than PY_MAX_FRAMES, or unreadable ones */
	__u32 returns;	   /* return probes under way; the innermost NATIVE_RETURNS are there */
	__u32 pad;
	struct native_return replaced[NATIVE_RETURNS];
	struct py_frame_ref frame[PY_MAX_FRAMES];
	/*
	 * Who called frame[i]: 0, Python code, which the same run of the interpreter loop goes on
	 * with. Otherwise C did, and the loop that runs the frame keeps something at this address,
	 * in its own native frame; or it is NATIVE_ENTRY_SOMEWHERE.
	 */
	__u64 entry[PY_MAX_FRAMES];
	__u8 stack[NATIVE_STACK_BYTES];
};

_Static_assert(sizeof(struct native_snapshot) ==
		       72 + 16 * NATIVE_RETURNS + 24 * PY_MAX_FRAMES + NATIVE_STACK_BYTES,
	       "native_snapshot");

#endif
