// SPDX-License-Identifier: Apache-2.0
/*
 * Which pages of a process are in memory, asked of the page tables, without touching a page.
 *
 * Sources: ioctl PAGEMAP_SCAN (Linux 6.7, Documentation/admin-guide/mm/pagemap.rst), tried once;
 * else /proc/PID/pagemap, 64 Ki entries a read (bit 63 present, bit 62 swapped). The kernel skips
 * ranges without page tables, so 40 GiB of address space with 100 MiB in it is quick either way.
 */
#ifndef PYLEAK_TARGET_PRESENT_H
#define PYLEAK_TARGET_PRESENT_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct present;

/*
 * Open once per process. 0; -EACCES or -EPERM without CAP_SYS_PTRACE, -ENOENT where the kernel has
 * no pagemap (CONFIG_PROC_PAGE_MONITOR) or the process is gone, -ENOMEM. Close with
 * present_close(); NULL is allowed.
 */
int present_open(struct present **out, pid_t pid);
void present_close(struct present *p);

/* "PAGEMAP_SCAN" or "pagemap": how it is done on this kernel. */
const char *present_method(const struct present *p);

/*
 * Call @fn for each run of consecutive pages of [@start, @end) that have content: in memory, or
 * (@swapped) in swap, where a read would bring them back. Runs come in order, do not overlap, are
 * as long as possible, and lie in the range rounded out to pages. A result of @fn other than 0 ends
 * the scan and is returned. Otherwise 0, or -errno.
 */
int present_runs(struct present *p, uint64_t start, uint64_t end,
		 int (*fn)(void *arg, uint64_t start, uint64_t end, bool swapped), void *arg);

#endif
