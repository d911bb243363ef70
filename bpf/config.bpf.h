/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What user space sets before the programs are loaded. It lies in read-only data, so that the
 * verifier knows each value and drops the branches that this target does not need.
 */
#ifndef PYLEAK_CONFIG_BPF_H
#define PYLEAK_CONFIG_BPF_H

#include "vmlinux.h"

#include "abi.h"

const volatile struct py_unwind cfg_unwind __weak = {};
const volatile struct gc_layout cfg_gc __weak = {};

/* 1: programs on allocators run at entry and return both (uprobe session), else at one of them. */
const volatile __u32 cfg_session __weak = 0;

/* Device and inode of our own pid namespace, in which cfg_unwind.tgid is a number. */
const volatile __u64 cfg_namespace_device __weak = 0;
const volatile __u64 cfg_namespace_inode __weak = 0;

/* Stacks that the map of sites takes; the room behind them is for lines alone. */
const volatile __u32 cfg_stacks_max __weak = 0;

/* 1: `live` says when each came. A clock takes a tenth of what the rest of a record does. */
const volatile __u32 cfg_timed __weak = 0;

const volatile __u32 cfg_pool_size __weak = 0; /* bytes of a pymalloc pool, a power of two */

#endif
