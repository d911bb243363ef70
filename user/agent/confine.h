// SPDX-License-Identifier: Apache-2.0
/*
 * What the agent keeps of root's rights once everything is open, and what it can never do again,
 * nor its looks.
 */
#ifndef PYLEAK_AGENT_CONFINE_H
#define PYLEAK_AGENT_CONFINE_H

#include <stdbool.h>

#include "../util/err.h"
#include "../util/log.h"

/*
 * Drop all capabilities but those that looks need, measured by taking them away one by one:
 *
 *   CAP_SYS_PTRACE          reading another process's memory, and its files in /proc
 *   CAP_DAC_READ_SEARCH     files below /proc/PID/root that others own
 *   CAP_CHECKPOINT_RESTORE  /proc/PID/map_files: the very file that is mapped
 *   CAP_BPF, CAP_PERFMON    watchpoints, and the program that walks stacks
 *   CAP_SYS_ADMIN           with @uprobes alone: kernels of 2025 and later want it for one
 *
 * Then forbid by seccomp what changes other processes or the machine: ptrace, process_vm_writev,
 * execve, mount, setns, modules, ... They answer EPERM. Where a process is not root and has none of
 * them nothing is dropped. What was kept is said in @log. 0 or -errno with @e.
 */
int confine(struct log *log, bool uprobes, struct err *e);

#endif
