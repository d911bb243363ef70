/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Accounting of allocations: what each probe program calls after it picked the arguments.
 *
 *	malloc(n) -> account_call -- remembered by thread
 *	   return -> account_call -> live, sites
 *	free(p)   -> account_free -> live, sites
 *
 * An allocation is recorded when the function returns, a free when it begins: at neither moment can
 * another thread have the same address. Where the address is known at the beginning, there: it
 * spares the return, which costs as much as another probe. Some returns are waited for all the
 * same, to see whether they bring what was expected.
 *
 * Allocators call each other: pymalloc hands more than 512 bytes on to malloc, malloc calls mmap. A
 * call that begins deeper in the stack while another is in progress is part of that one and not
 * counted. A free is counted by whoever finds the address in `live`: once.
 */
#ifndef PYLEAK_ACCOUNT_BPF_H
#define PYLEAK_ACCOUNT_BPF_H

#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "abi.h"

/* A call as its probe sees it begin. */
struct account_call {
	__u64 size;	  /* bytes asked for */
	__u64 moved;	  /* the block that may move (realloc), 0 none */
	__u64 result_at;  /* the address comes there (posix_memalign); 0: in the return register */
	__u32 source;	  /* enum account_source */
	__u32 function;	  /* tells functions of all sources apart; not 0 */
	bool predictable; /* where @size is small, next_block() says what will be returned */
};

/*
 * The beginning of a call, or of a session also its return, when @call is not looked at. What the
 * program returns to the kernel: of a session, 1 leaves the return out.
 */
int account_call(struct pt_regs *regs, const struct account_call *call);

int account_free(__u64 address);

/* @objects more were allocated here, whatever their addresses and sizes; -1 takes one back. */
int account_count(__s64 objects, __u32 source);

/* A block of which only the return is probed: @address came from @source. */
int account_found(__u64 address, __u64 size, __u32 source);

#endif
