/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * allocate_from_new_pool (Objects/obmalloc.c) returns the first block of a pool that had none in
 * use: one call for some hundred blocks, and one that is inlined nowhere.
 */
#include "account.bpf.h"

#include "config.bpf.h"

SEC("uprobe")
int pools_new(struct pt_regs *regs)
{
	__u64 pool = PT_REGS_RC(regs) & ~(__u64)(cfg_pool_size - 1);

	return account_found(pool, cfg_pool_size, ACCOUNT_POOL);
}
