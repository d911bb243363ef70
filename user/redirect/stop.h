// SPDX-License-Identifier: Apache-2.0
/*
 * All threads of a process stopped at once, for microseconds: ptrace(2), seize and interrupt, which
 * leaves no signal behind. Should we die meanwhile, the kernel lets them go.
 *
 * A thread that sleeps in a system call goes on with it. A few calls end with EINTR instead
 * (signal(7), "Interruption of system calls by stop signals": epoll_wait, semtimedop, ...), which
 * Python tries again.
 */
#ifndef PYLEAK_REDIRECT_STOP_H
#define PYLEAK_REDIRECT_STOP_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define STOP_MOST_NS 20000000ull /* then those that stopped go on, and it has failed */

struct stop_thread;

struct stop {
	struct stop_thread *thread; /* owned */
	size_t count, cap;
	uint64_t began_ns;
	int nice; /* ours, before */
};

/*
 * Stop every thread of @pid. 0: stop_release() lets them go on, and adds to *@stopped_ns how long
 * that was. Otherwise that is added at once, and none is stopped any more: -EAGAIN where one did
 * not stop in time (it waits for a disk, or for a child of vfork()), -EBUSY where a debugger has
 * it, -EPERM, -ESRCH, -ENOMEM. Must be released by the same thread of ours.
 */
int stop_all(struct stop *s, pid_t pid, uint64_t *stopped_ns);
void stop_release(struct stop *s, uint64_t *stopped_ns);

#endif
