/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Reads of target memory that may fail but never fault.
 *
 * Compiled for the kernel they are bpf_probe_read_user(), which does not wait for a page that is
 * swapped out: it fails. Compiled natively, as tests/unit/t_unwind.c does, the test says what
 * memory holds.
 */
#ifndef PYLEAK_READ_BPF_H
#define PYLEAK_READ_BPF_H

#ifdef __bpf__
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

static __always_inline bool read_target(void *into, __u32 size, __u64 address)
{
	return bpf_probe_read_user(into, size, (const void *)address) == 0;
}
#else
#include <linux/types.h>
#include <stdbool.h>

#ifndef __always_inline
#define __always_inline inline __attribute__((always_inline))
#endif

bool read_target(void *into, __u32 size, __u64 address);
#endif

/*
 * The word at @address, or 0 where it cannot be read: both mean "nothing there" to a search. The
 * helper zeroes what it cannot read; not testing for it spares the verifier a branch.
 */
static __always_inline __u64 read_target_word(__u64 address)
{
	__u64 word = 0;

	read_target(&word, sizeof(word), address);
	return word;
}

#endif
