/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Counting what is given up, by reason: no program returns early without it.
 */
#ifndef PYLEAK_DROP_BPF_H
#define PYLEAK_DROP_BPF_H

#include "maps.bpf.h"

static __always_inline void count_drop(__u32 reason)
{
	__u64 *count = bpf_map_lookup_elem(&drops, &reason);

	if (count)
		__sync_fetch_and_add(count, 1);
}

#endif
