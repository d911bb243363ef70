// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only
/*
 * A snapshot of every thread of the target that asks malloc for one of the sizes looked for.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "../../bpf/abi.h"
#include "../../bpf/config.bpf.h"
#include "../../bpf/native.bpf.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

const volatile __u64 cfg_least = 0, cfg_most = 0;

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1 << 22);
} snapshots SEC(".maps");

SEC("uprobe")
int snapshot_malloc(struct pt_regs *regs)
{
	__u64 size = PT_REGS_PARM1(regs);
	struct native_snapshot *s;

	if (size < cfg_least || size > cfg_most)
		return 0;
	s = bpf_ringbuf_reserve(&snapshots, sizeof(*s), 0);
	if (!s)
		return 0;
	native_fill(s, regs, &cfg_unwind, size);
	bpf_ringbuf_submit(s, BPF_RB_NO_WAKEUP);
	return 0;
}

/* Does nothing but be there: the kernel then replaces return addresses. */
SEC("uretprobe")
int snapshot_return(struct pt_regs *regs)
{
	return !regs;
}
