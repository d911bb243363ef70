// SPDX-License-Identifier: Apache-2.0
/*
 * What one would write at first to count outstanding allocations: a probe and a return probe on the
 * functions that CPython exports, two maps, no stack. tests/bench/pair measures what it costs.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

char LICENSE[] SEC("license") = "Dual BSD/GPL";

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1 << 10);
	__type(key, __u32);
	__type(value, __u64);
} sizes SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1 << 20);
	__type(key, __u64);
	__type(value, __u64);
} live SEC(".maps");

SEC("uprobe")
int malloc_enter(struct pt_regs *regs)
{
	__u32 tid = bpf_get_current_pid_tgid();
	__u64 size = PT_REGS_PARM1(regs);

	bpf_map_update_elem(&sizes, &tid, &size, BPF_ANY);
	return 0;
}

SEC("uretprobe")
int malloc_return(struct pt_regs *regs)
{
	__u32 tid = bpf_get_current_pid_tgid();
	__u64 *found = bpf_map_lookup_elem(&sizes, &tid), address = PT_REGS_RC(regs), size;

	if (!found)
		return 0;
	size = *found;
	bpf_map_delete_elem(&sizes, &tid);
	if (address)
		bpf_map_update_elem(&live, &address, &size, BPF_ANY);
	return 0;
}

SEC("uprobe")
int free_enter(struct pt_regs *regs)
{
	__u64 address = PT_REGS_PARM1(regs);

	bpf_map_delete_elem(&live, &address);
	return 0;
}
