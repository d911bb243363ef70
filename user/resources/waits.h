// SPDX-License-Identifier: Apache-2.0
/*
 * What the threads of a process do at this moment, from /proc/PID/task.
 */
#ifndef PYLEAK_RESOURCES_WAITS_H
#define PYLEAK_RESOURCES_WAITS_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct wait {
	char name[32];	       /* of the thread */
	char in[64];	       /* "running", "futex", "read of descriptor 7"; "" unknown */
	uint64_t stack_pointer; /* while it waits; 0 unknown */
};

/* Of thread @tid of @pid. What cannot be read is left empty. */
void wait_read(struct wait *w, pid_t pid, pid_t tid);

#endif
