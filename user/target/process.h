// SPDX-License-Identifier: Apache-2.0
/*
 * A process seen from outside: identity that survives pid reuse, namespaces, container, threads.
 */
#ifndef PYLEAK_TARGET_PROCESS_H
#define PYLEAK_TARGET_PROCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "../util/err.h"

struct process {
	pid_t pid;
	pid_t ns_pid;	      /* its pid in its own innermost pid namespace (last of NSpid) */
	int pidfd;	      /* readable once it exits; -1 on kernels without pidfd_open */
	uint64_t start_ticks; /* field 22 of /proc/PID/stat: tells a reused pid */
	char comm[32];
	char container[80]; /* id from its cgroup, "" when in none */
	char pod[40];	    /* UID of its Kubernetes pod, "" when in none */
	char exe[512];	    /* target of /proc/PID/exe, without " (deleted)" */
};

/*
 * Open @pid. On failure @e says why: no such process, or one thread of another (EXIT_FAILED), a
 * zombie (EXIT_TARGET_GONE), a kernel thread (EXIT_NOT_PYTHON), no privilege (EXIT_NOT_PERMITTED,
 * naming the capability). Close with process_close().
 */
int process_open(struct process *p, pid_t pid, struct err *e);
void process_close(struct process *p);

/* Is it still the process that was opened: not exited, not a zombie, pid not reused? */
bool process_alive(const struct process *p);

/* Thread ids into @tids (at most @cap); the number there are, which may be larger than @cap, or
 * -errno. */
ssize_t process_threads(const struct process *p, pid_t *tids, size_t cap);

/* CPU time used so far by all its threads, ended ones too, in ns; 0 if unknown. */
uint64_t process_cpu_ns(const struct process *p);

/* Wall-clock seconds since the process started; negative if unknown. */
double process_age_seconds(const struct process *p);

#endif
