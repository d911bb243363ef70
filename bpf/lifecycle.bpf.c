/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The process becomes another program: probes follow it into the new image, while addresses no
 * longer mean anything. A child of fork() has memory of its own, which probes of one process do
 * not look at; a process that ends leaves the maps as they were.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

#include "account.bpf.h"
#include "target.bpf.h"

extern volatile struct account_control account_control;

SEC("raw_tp/sched_process_exec")
int lifecycle_exec(void *ctx)
{
	(void)ctx;
	if (is_target())
		account_control.stopped = 1;
	return 0;
}
