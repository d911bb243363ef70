/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The part of abi.h, which includes it, that is about descriptors, threads and mappings.
 */
#ifndef PYLEAK_ABI_RESOURCES_H
#define PYLEAK_ABI_RESOURCES_H

/* Of a system call, what is needed when it returns: value of the map `resource_calls`. */
struct resource_call {
	__u64 what; /* fcntl: the command; pipe, socketpair: where the descriptors are stored */
	__u64 size; /* mmap: bytes */
};

/*
 * What programs on tracepoints, which run for every process, and user space tell each other while
 * they run. hits and spent_ns are of the target alone.
 */
struct resource_control {
	__u64 hits;	     /* program runs */
	__u64 spent_ns;	     /* in keeping account of what is kept */
	__u32 window_closed; /* 1: what is made does not count any more */
	__u32 pad;
};

_Static_assert(sizeof(struct resource_call) == 16, "resource_call");
_Static_assert(sizeof(struct resource_control) == 24, "resource_control");

/*
 * A resource in `live`, where blocks have their addresses: no address of user space has anything in
 * its highest byte. The lowest four bits stay free, because account_keeps() does not look at them.
 */
static inline __attribute__((always_inline)) __u64 resource_key(__u32 source, __u64 id)
{
	return (__u64)source << 56 | id << 4;
}

static inline __attribute__((always_inline)) __u64 resource_id(__u64 key)
{
	return key << 8 >> 12;
}

static inline __attribute__((always_inline)) __u32 resource_source(__u64 key)
{
	return key >> 56;
}

#endif
