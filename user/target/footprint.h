// SPDX-License-Identifier: Apache-2.0
/*
 * How much memory a process has, as the kernel counts it.
 */
#ifndef PYLEAK_TARGET_FOOTPRINT_H
#define PYLEAK_TARGET_FOOTPRINT_H

#include "../model/report.h"
#include "process.h"

/*
 * Fill what can be seen from outside; the rest stays UNKNOWN (python_*, native_*, other: the heap walk knows them).
 *   rss, pss, uss, swap	/proc/PID/smaps_rollup, else summed over smaps, else VmRSS and VmSwap of status
 *   file, shmem, thread_stacks	resident parts by mapping, from smaps: of a file; of shared memory (memfd, /dev/shm,
 *				SysV, /dev/zero); the main stack, and anonymous mappings right behind a guard of at most
 *				64 KiB as pthread_create(3) lays them out, or named so by glibc. Before Linux 6.7
 *				the kernel may merge a thread's stack with its neighbour, which is then counted with it.
 * 0, or -ESRCH where the process is gone, -EACCES, -ENOMEM.
 */
int footprint_read(struct footprint *f, const struct process *p);

#endif
