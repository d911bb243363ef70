/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Processes that begin and end: of the one that is looked at, for those who account; of the whole
 * machine, for the agent.
 */
#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

#include "account.bpf.h"
#include "drop.bpf.h"
#include "target.bpf.h"

#define CLONE_THREAD 0x10000 /* of include/uapi/linux/sched.h */

extern volatile struct account_control account_control;

/*
 * The process becomes another program: probes follow it into the new image, while addresses no
 * longer mean anything. A child of fork() has memory of its own, which probes of one process do
 * not look at; a process that ends leaves the maps as they were.
 */
SEC("raw_tp/sched_process_exec")
int lifecycle_exec(void *ctx)
{
	(void)ctx;
	if (is_target())
		account_control.stopped = 1;
	return 0;
}

static __always_inline void tell(__u32 what, __u32 pid)
{
	const struct lifecycle_event event = { .what = what, .pid = pid };

	if (bpf_ringbuf_output(&lifecycle_events, (void *)&event, sizeof(event), 0))
		count_drop(DROP_RINGBUF_FULL);
}

static __always_inline bool is_watched(__u32 pid)
{
	return bpf_map_lookup_elem(&lifecycle_watched, &pid);
}

/* Watched from now on: it may fork before user space has seen what it is. */
SEC("raw_tp/sched_process_exec")
int lifecycle_tell_exec(void *ctx)
{
	__u32 pid = current_ids().tgid;
	const __u8 nothing = 0;

	(void)ctx;
	if (!pid)
		return 0;
	bpf_map_update_elem(&lifecycle_watched, &pid, &nothing, BPF_ANY);
	tell(LIFECYCLE_EXEC, pid);
	return 0;
}

/*
 * A child has not run yet, and is not the caller, whose number alone a helper tells. So its number
 * is the one in the initial namespace; in another one children are found by searching.
 */
SEC("raw_tp/task_newtask")
int lifecycle_tell_child(struct bpf_raw_tracepoint_args *ctx)
{
	struct task_struct *child = (struct task_struct *)ctx->args[0];
	__u64 flags = ctx->args[1];

	if (cfg_namespace_inode != INITIAL_PID_NAMESPACE || flags & CLONE_THREAD ||
	    !is_watched(bpf_get_current_pid_tgid() >> 32))
		return 0;
	tell(LIFECYCLE_CHILD, BPF_CORE_READ(child, thread_pid, numbers[0].nr));
	return 0;
}

SEC("raw_tp/sched_process_exit")
int lifecycle_tell_end(void *ctx)
{
	struct bpf_pidns_info id = current_ids();

	(void)ctx;
	if (id.tgid && id.pid == id.tgid && is_watched(id.tgid))
		tell(LIFECYCLE_ENDED, id.tgid);
	return 0;
}
