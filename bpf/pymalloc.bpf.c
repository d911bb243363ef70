/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * CPython's allocator, the functions in the tables of the mem and object domains
 * (Objects/obmalloc.c): their first argument is a context.
 */
#include "account.bpf.h"

enum { MALLOC = 1, CALLOC, REALLOC };

SEC("uprobe")
int pymalloc_malloc(struct pt_regs *regs)
{
	struct account_call call = { .source = ACCOUNT_PYMALLOC,
				     .function = MALLOC,
				     .predictable = true };

	call.size = PT_REGS_PARM2(regs);
	return account_call(regs, &call);
}

SEC("uprobe")
int pymalloc_calloc(struct pt_regs *regs)
{
	struct account_call call = { .source = ACCOUNT_PYMALLOC,
				     .function = CALLOC,
				     .predictable = true };

	call.size = PT_REGS_PARM2(regs) * PT_REGS_PARM3(regs);
	return account_call(regs, &call);
}

SEC("uprobe")
int pymalloc_realloc(struct pt_regs *regs)
{
	struct account_call call = { .source = ACCOUNT_PYMALLOC, .function = REALLOC };

	call.moved = PT_REGS_PARM2(regs);
	call.size = PT_REGS_PARM3(regs);
	return account_call(regs, &call);
}

SEC("uprobe")
int pymalloc_free(struct pt_regs *regs)
{
	return account_free(PT_REGS_PARM2(regs));
}
