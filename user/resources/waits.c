// SPDX-License-Identifier: Apache-2.0
#include "waits.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>

#include "../util/printable.h"
#include "../util/procfs.h"

/* System calls in which threads of Python programs wait. */
static const struct {
	long number;
	const char *name;
	int descriptor; /* 1: the first argument is one */
} calls[] = {
	{ SYS_futex, "futex", 0 },
	{ SYS_read, "read", 1 },
	{ SYS_write, "write", 1 },
	{ SYS_recvfrom, "recv", 1 },
	{ SYS_recvmsg, "recvmsg", 1 },
	{ SYS_sendto, "send", 1 },
	{ SYS_accept, "accept", 1 },
	{ SYS_accept4, "accept", 1 },
	{ SYS_connect, "connect", 1 },
	{ SYS_epoll_pwait, "epoll_wait", 1 },
	{ SYS_pselect6, "select", 0 },
	{ SYS_ppoll, "poll", 0 },
#ifdef SYS_poll /* not on arm64 */
	{ SYS_poll, "poll", 0 },
	{ SYS_select, "select", 0 },
	{ SYS_epoll_wait, "epoll_wait", 1 },
#endif
	{ SYS_clock_nanosleep, "sleep", 0 },
	{ SYS_nanosleep, "sleep", 0 },
	{ SYS_wait4, "wait for a child", 0 },
	{ SYS_waitid, "wait for a child", 0 },
	{ SYS_flock, "flock", 1 },
	{ SYS_fsync, "fsync", 1 },
	{ SYS_rt_sigtimedwait, "wait for a signal", 0 },
};

static void name_call(struct wait *w, long number, unsigned long long first)
{
	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
		if (calls[i].number != number)
			continue;
		if (calls[i].descriptor)
			snprintf(w->in, sizeof(w->in), "%s of descriptor %d", calls[i].name,
				 (int)first);
		else
			snprintf(w->in, sizeof(w->in), "%s", calls[i].name);
		return;
	}
	snprintf(w->in, sizeof(w->in), "system call %ld", number);
}

void wait_read(struct wait *w, pid_t pid, pid_t tid)
{
	char name[64], text[256];
	unsigned long long first, sp;
	long number;
	ssize_t n;

	*w = (struct wait){ 0 };
	snprintf(name, sizeof(name), "task/%d/comm", (int)tid);
	n = procfs_read(pid, name, text, sizeof(text));
	if (n > 1)
		printable_copy(w->name, sizeof(w->name), text, (size_t)n - 1);
	snprintf(name, sizeof(name), "task/%d/syscall", (int)tid);
	if (procfs_read(pid, name, text, sizeof(text)) <= 0)
		return;
	if (strncmp(text, "running", strlen("running")) == 0) {
		snprintf(w->in, sizeof(w->in), "running");
		return;
	}
	/* number, six arguments, stack pointer, instruction pointer; or -1 and the last two */
	if (sscanf(text, "%ld %llx %*x %*x %*x %*x %*x %llx", &number, &first, &sp) == 3) {
		w->stack_pointer = sp;
		name_call(w, number, first);
	}
}
