/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * malloc and its family, and mappings: whoever calls them but an allocator that is counted itself.
 */
#include "account.bpf.h"

enum { MALLOC = 16, CALLOC, REALLOC, REALLOCARRAY, POSIX_MEMALIGN, ALIGNED_ALLOC, MMAP, MREMAP };

SEC("uprobe")
int libc_malloc(struct pt_regs *regs)
{
	struct account_call call = { .source = ACCOUNT_LIBC, .function = MALLOC };

	call.size = PT_REGS_PARM1(regs);
	return account_call(regs, &call);
}

SEC("uprobe")
int libc_calloc(struct pt_regs *regs)
{
	struct account_call call = { .source = ACCOUNT_LIBC, .function = CALLOC };

	call.size = PT_REGS_PARM1(regs) * PT_REGS_PARM2(regs);
	return account_call(regs, &call);
}

SEC("uprobe")
int libc_realloc(struct pt_regs *regs)
{
	struct account_call call = { .source = ACCOUNT_LIBC, .function = REALLOC };

	call.moved = PT_REGS_PARM1(regs);
	call.size = PT_REGS_PARM2(regs);
	return account_call(regs, &call);
}

SEC("uprobe")
int libc_reallocarray(struct pt_regs *regs)
{
	struct account_call call = { .source = ACCOUNT_LIBC, .function = REALLOCARRAY };

	call.moved = PT_REGS_PARM1(regs);
	call.size = PT_REGS_PARM2(regs) * PT_REGS_PARM3(regs);
	return account_call(regs, &call);
}

SEC("uprobe")
int libc_posix_memalign(struct pt_regs *regs)
{
	struct account_call call = { .source = ACCOUNT_LIBC, .function = POSIX_MEMALIGN };

	call.result_at = PT_REGS_PARM1(regs);
	call.size = PT_REGS_PARM3(regs);
	return account_call(regs, &call);
}

/* Also memalign: both take the alignment first. */
SEC("uprobe")
int libc_aligned_alloc(struct pt_regs *regs)
{
	struct account_call call = { .source = ACCOUNT_LIBC, .function = ALIGNED_ALLOC };

	call.size = PT_REGS_PARM2(regs);
	return account_call(regs, &call);
}

SEC("uprobe")
int libc_mmap(struct pt_regs *regs)
{
	struct account_call call = { .source = ACCOUNT_MMAP, .function = MMAP };

	call.size = PT_REGS_PARM2(regs);
	return account_call(regs, &call);
}

SEC("uprobe")
int libc_mremap(struct pt_regs *regs)
{
	struct account_call call = { .source = ACCOUNT_MMAP, .function = MREMAP };

	call.moved = PT_REGS_PARM1(regs);
	call.size = PT_REGS_PARM3(regs);
	return account_call(regs, &call);
}

/* Also munmap, of a whole mapping. */
SEC("uprobe")
int libc_free(struct pt_regs *regs)
{
	return account_free(PT_REGS_PARM1(regs));
}
