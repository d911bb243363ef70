/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Programs that run for every process of the machine, as those on tracepoints do: is it the one
 * that is looked at? In the initial pid namespace, where its number is the kernel's own, that is
 * one comparison.
 */
#ifndef PYLEAK_TARGET_BPF_H
#define PYLEAK_TARGET_BPF_H

#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

#include "config.bpf.h"

#define INITIAL_PID_NAMESPACE 0xEFFFFFFCU /* PROC_PID_INIT_INO of include/linux/proc_ns.h */

/* The calling process and thread, in our own pid namespace; 0 where it is in another. */
static __always_inline struct bpf_pidns_info current_ids(void)
{
	struct bpf_pidns_info id = {};

	if (cfg_namespace_inode == INITIAL_PID_NAMESPACE) {
		__u64 both = bpf_get_current_pid_tgid();

		id.tgid = both >> 32;
		id.pid = (__u32)both;
	} else if (bpf_get_ns_current_pid_tgid(cfg_namespace_device, cfg_namespace_inode, &id,
					       sizeof(id))) {
		id.tgid = id.pid = 0;
	}
	return id;
}

static __always_inline bool is_target(void)
{
	return current_ids().tgid == cfg_unwind.tgid;
}

#endif
