// SPDX-License-Identifier: Apache-2.0
/*
 * How much memory a process has, as the kernel counts it.
 */
#ifndef PYLEAK_TARGET_FOOTPRINT_H
#define PYLEAK_TARGET_FOOTPRINT_H

#include "../model/report.h"
#include "process.h"

/*
 * Fill what can be seen from outside; the rest stays UNKNOWN (python_*, native_*, other: the heap
 * walk knows them). One pass over /proc/PID/smaps, so that parts and totals are of one moment:
 *
 *   rss, pss, uss, swap    sums of Rss, Pss, Private_*, Swap
 *   file                   Rss of mappings of files
 *   shmem                  of memfd, /dev/shm, SysV segments, shared anonymous memory
 *   thread_stacks          of [stack], and of anonymous mappings right above a guard of at most
 *                          64 KiB, as pthread_create(3) lays them out, or named so by glibc.
 *                          Before Linux 6.7 the kernel may have merged a stack with the mapping
 *                          above it, which is then counted with it.
 *
 * Where smaps cannot be read (no CAP_SYS_PTRACE) rss and swap come from /proc/PID/status and the
 * rest stays UNKNOWN. 0, or -ESRCH where the process is gone, -EACCES.
 */
int footprint_read(struct footprint *f, const struct process *p);

/* Its resident size alone, from /proc/PID/statm, which costs little; UNKNOWN where it is gone. */
int64_t footprint_rss(const struct process *p);

#endif
