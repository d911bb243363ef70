// SPDX-License-Identifier: Apache-2.0
/*
 * One debug register's worth of watching: the same word on every thread of a process, one perf
 * event (perf_event_open(2), PERF_TYPE_BREAKPOINT) for each.
 *
 * Threads are armed one by one, because the kernel's hit limit (PERF_EVENT_IOC_REFRESH) does not
 * hold for inherited events. The price: a thread started later is watched from the next
 * slot_follow() on, and one that lives shorter than that is not seen.
 *
 * Where that matters a slot is opened with `inherit`: each thread passes its watch on to the
 * threads that it starts, from their first instruction, and neither to a forked child
 * (attr.inherit_thread, Linux 5.13) nor over an exec. Then there is no hit limit but the caller's,
 * who calls slot_stop(). A thread that starts while a slot is being opened may be missed, for
 * slot_follow() leaves such a slot alone: it cannot tell who inherited, and must not take a second
 * register from them.
 */
#ifndef PYLEAK_PROBE_SLOT_H
#define PYLEAK_PROBE_SLOT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Threads watched at most; more are counted as missed. */
#define SLOT_THREADS_MAX 4096

struct slot_thread {
	pid_t tid;
	int fd;
};

struct slot {
	struct slot_thread *thread; /* owned, ordered by tid; NULL while disarmed */
	size_t count, missed;	    /* threads watched; threads that could not be */
	uint64_t address;
	unsigned max_hits; /* for each thread, but not where the watch is inherited */
	int program;	   /* borrowed: BPF program that runs at each write */
	bool inherit;	   /* as asked for, and as the kernel lets it be once open */
	bool stopped;	   /* by slot_stop(): on no thread any more */
};

/*
 * Open the watch on all of @tids, not yet counting. 0 when at least one thread has it, else the
 * first thread's -errno: -ENOSPC where others (a debugger) hold the debug registers, -EACCES or
 * -EPERM where it is denied, -EOPNOTSUPP where there are none, -ESRCH where all are gone. Of @from,
 * address, max_hits, program and inherit count; a kernel that knows no `inherit` is asked without.
 */
int slot_open(struct slot *s, const struct slot *from, const pid_t *tids, size_t count);

/* Let all opened watches count. */
void slot_start(struct slot *s);

/*
 * Watch threads of @tids that are not watched yet, forget those that are not in it any more.
 * Nothing where the slot was stopped.
 */
void slot_follow(struct slot *s, const pid_t *tids, size_t count);

/* Take the watch off every thread, and leave the slot open. */
void slot_stop(struct slot *s);

/* The same, and close it. Accepts a slot that is not open. */
void slot_close(struct slot *s);

#endif
