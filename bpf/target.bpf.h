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

static __always_inline bool is_target(void)
{
	struct bpf_pidns_info id = {};

	if (cfg_namespace_inode == INITIAL_PID_NAMESPACE)
		return bpf_get_current_pid_tgid() >> 32 == cfg_unwind.tgid;
	return bpf_get_ns_current_pid_tgid(cfg_namespace_device, cfg_namespace_inode, &id,
					   sizeof(id)) == 0 &&
	       id.tgid == cfg_unwind.tgid;
}

#endif
