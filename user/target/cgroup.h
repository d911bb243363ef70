// SPDX-License-Identifier: Apache-2.0
/*
 * The memory that a process's control group has used and may use: what the kernel kills by.
 */
#ifndef PYLEAK_TARGET_CGROUP_H
#define PYLEAK_TARGET_CGROUP_H

#include <stdint.h>
#include <sys/types.h>

struct cgroup_memory {
	int64_t used, limit; /* bytes; UNKNOWN where there is no limit, or nothing to read */
};

/*
 * Of the group of @pid or the nearest group around it that has a limit, by memory.current and
 * memory.max (cgroup v2), else memory.usage_in_bytes and memory.limit_in_bytes (v1), where the
 * hierarchy is mounted at its usual place below @root ("/sys/fs/cgroup").
 */
void cgroup_memory_read(struct cgroup_memory *m, pid_t pid, const char *root);

#endif
