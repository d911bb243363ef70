// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <linux/hw_breakpoint.h>
#include <linux/perf_event.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "slot.h"

static int perf_open(const struct slot *s, pid_t tid, bool remove_on_exec)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_BREAKPOINT,
		.size = sizeof(attr),
		.bp_type = HW_BREAKPOINT_W,
		.bp_addr = s->address,
		.bp_len = HW_BREAKPOINT_LEN_8,
		.sample_period = 1,
		.disabled = 1,
		.exclude_kernel = 1,
		.exclude_hv = 1,
		.remove_on_exec = remove_on_exec,
		.inherit = s->inherit,
		.inherit_thread = s->inherit,
	};
	int fd = syscall(SYS_perf_event_open, &attr, tid, -1, -1, PERF_FLAG_FD_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

/* A descriptor of a watch on @tid that is ready but does not count yet, or -errno. */
static int watch_thread(struct slot *s, pid_t tid)
{
	int fd = perf_open(s, tid, true), rc;

	/* Before Linux 5.13 the flags are unknown; there, after an exec, the hit limit ends it. */
	if (fd == -EINVAL) {
		s->inherit = false;
		fd = perf_open(s, tid, false);
	}
	if (fd < 0)
		return fd;
	if (ioctl(fd, PERF_EVENT_IOC_SET_BPF, s->program)) {
		rc = -errno;
		close(fd);
		return rc;
	}
	return fd;
}

static int by_tid(const void *a, const void *b)
{
	const struct slot_thread *x = a, *y = b;

	return (x->tid > y->tid) - (x->tid < y->tid);
}

/* Watch @tid and append it, or -errno. A thread that is gone is no miss: it writes no more. */
static int add_thread(struct slot *s, pid_t tid)
{
	int fd = s->count < SLOT_THREADS_MAX ? watch_thread(s, tid) : -EMFILE;

	if (fd >= 0)
		s->thread[s->count++] = (struct slot_thread){ .tid = tid, .fd = fd };
	else if (fd != -ESRCH)
		s->missed++;
	return fd < 0 ? fd : 0;
}

int slot_open(struct slot *s, const struct slot *from, const pid_t *tids, size_t count)
{
	int rc = -ESRCH;

	*s = (struct slot){ .address = from->address,
			    .max_hits = from->max_hits,
			    .program = from->program,
			    .inherit = from->inherit };
	s->thread = malloc(SLOT_THREADS_MAX * sizeof(*s->thread));
	if (!s->thread)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++) {
		int failed = add_thread(s, tids[i]);

		if (rc == -ESRCH)
			rc = failed;
	}
	if (s->count == 0) {
		slot_close(s);
		return rc;
	}
	qsort(s->thread, s->count, sizeof(*s->thread), by_tid);
	return 0;
}

static void start_thread(const struct slot *s, const struct slot_thread *t)
{
	/* Adds to the event's hit limit and enables it; at 0 the kernel disables it. */
	if (s->inherit)
		ioctl(t->fd, PERF_EVENT_IOC_ENABLE, 0);
	else
		ioctl(t->fd, PERF_EVENT_IOC_REFRESH, s->max_hits);
}

void slot_start(struct slot *s)
{
	for (size_t i = 0; i < s->count; i++)
		start_thread(s, &s->thread[i]);
}

void slot_follow(struct slot *s, const pid_t *tids, size_t count)
{
	struct slot before = *s;
	struct slot_thread *found;

	if (s->inherit || s->stopped)
		return;
	s->thread = malloc(SLOT_THREADS_MAX * sizeof(*s->thread));
	if (!s->thread) {
		s->thread = before.thread;
		return;
	}
	s->count = s->missed = 0;
	for (size_t i = 0; i < count; i++) {
		struct slot_thread key = { .tid = tids[i] };

		found = bsearch(&key, before.thread, before.count, sizeof(key), by_tid);
		if (found) {
			s->thread[s->count++] = *found;
			found->fd = -1;
		} else if (add_thread(s, tids[i]) == 0) {
			start_thread(s, &s->thread[s->count - 1]);
		}
	}
	qsort(s->thread, s->count, sizeof(*s->thread), by_tid);
	slot_close(&before);
}

void slot_stop(struct slot *s)
{
	for (size_t i = 0; i < s->count; i++)
		if (s->thread[i].fd >= 0)
			close(s->thread[i].fd);
	s->count = s->missed = 0;
	s->stopped = true;
}

void slot_close(struct slot *s)
{
	slot_stop(s);
	free(s->thread);
	s->thread = NULL;
}
