/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * CPython's allocator where it is inlined into its callers: see user/cpython/inlined.h for what is
 * an allocation there. The address comes later, and no instruction that all pass has it.
 */
#include "account.bpf.h"

#include "read.bpf.h"

#define CALL 0xe8	/* rel32 */
#define CALL_BYTES 5
#define ENTRY_BYTES 64 /* a probe is at most so far behind its function's entry */

/* A branch behind a comparison of the allocator table's function. */
SEC("uprobe")
int inlined_branch(void *regs)
{
	(void)regs;
	return account_count(1, ACCOUNT_INLINED);
}

/* Was the function, in which we are at the beginning, called directly? */
static __always_inline bool called_directly(struct pt_regs *regs)
{
	__u64 back = read_target_word(PT_REGS_SP(regs)), target;
	__u8 call[CALL_BYTES];
	__s32 distance;

	if (bpf_probe_read_user(call, sizeof(call), (void *)(back - CALL_BYTES)) ||
	    call[0] != CALL)
		return false;
	__builtin_memcpy(&distance, call + 1, sizeof(distance));
	target = back + (__s64)distance;
	return PT_REGS_IP(regs) - target < ENTRY_BYTES;
}

/* The function itself: where that is direct, a branch or another function has counted it. */
SEC("uprobe")
int inlined_call(struct pt_regs *regs)
{
	return called_directly(regs) ? 0 : account_count(1, ACCOUNT_INLINED);
}

/* A jump to the function, which inlined_call() takes for an indirect call: once too often. */
SEC("uprobe")
int inlined_jump(void *regs)
{
	(void)regs;
	return account_count(-1, ACCOUNT_INLINED);
}
