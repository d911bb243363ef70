// SPDX-License-Identifier: Apache-2.0
/*
 * How much memory a process may come to have: by its control groups, or by the machine.
 */
#ifndef PYLEAK_TARGET_LIMIT_H
#define PYLEAK_TARGET_LIMIT_H

#include "../model/report.h"
#include "process.h"

/*
 * The limit with the least room, of every control group from the process's own up to the root
 * (memory.max and memory.current of v2, memory.limit_in_bytes and memory.usage_in_bytes of v1) and
 * of the machine (MemTotal and MemAvailable). File pages that the kernel takes back first
 * (inactive_file) count as room. l->bytes stays UNKNOWN where nothing could be read. Swap is left
 * out: a process that lives from it is as good as gone.
 */
void limit_read(struct limit *l, const struct process *p);

/* The same from texts: /proc/PID/cgroup, where control groups are mounted, /proc/meminfo. */
void limit_find(struct limit *l, const char *cgroup, const char *mount, const char *meminfo);

#endif
