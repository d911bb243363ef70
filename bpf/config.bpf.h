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

#endif
