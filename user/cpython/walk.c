// SPDX-License-Identifier: Apache-2.0
#include "walk.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime.h"

/*
 * Does the list come back to where it was? Asked after step @i, with the element it leads to; a
 * ring is found at the latest after twice its length and what leads into it (Brent).
 */
static bool meets_ring(int i, uint64_t next, uint64_t *seen)
{
	if (next == *seen)
		return true;
	if (!(i & (i + 1)))
		*seen = next;
	return false;
}

void py_interpreters(const struct py_runtime *rt, struct remote *mem,
		     void (*fn)(void *arg, uint64_t interp), void *arg)
{
	uint64_t interp, seen = 0;

	if (!remote_u64(mem, rt->address + rt->layout.rt_interpreters_head, &interp))
		return;
	for (int i = 0; i < PY_INTERPRETERS_MAX && remote_plausible(interp); i++) {
		uint64_t next;

		if (!remote_u64(mem, interp + rt->layout.is_next, &next))
			return;
		fn(arg, interp);
		interp = next;
		if (meets_ring(i, next, &seen))
			return;
	}
}

void py_threads(const struct py_layout *l, struct remote *mem, uint64_t interp,
		void (*fn)(void *arg, uint64_t thread), void *arg)
{
	uint64_t thread, seen = 0;

	if (!remote_u64(mem, interp + l->is_threads_head, &thread))
		return;
	for (int i = 0; i < PY_THREADS_MAX && remote_plausible(thread); i++) {
		uint64_t next;

		if (!remote_u64(mem, thread + l->ts_next, &next))
			return;
		fn(arg, thread);
		thread = next;
		if (meets_ring(i, next, &seen))
			return;
	}
}

uint64_t py_thread_frame(const struct py_layout *l, struct remote *mem, uint64_t thread)
{
	uint64_t frame;

	if (!py_has(l->cf_current_frame))
		return remote_u64(mem, thread + l->ts_frame, &frame) ? frame : 0;
	if (!remote_u64(mem, thread + l->ts_cframe, &frame) || !remote_plausible(frame))
		return 0;
	return remote_u64(mem, frame + l->cf_current_frame, &frame) ? frame : 0;
}

static pid_t own_tid(const struct process *p, pid_t tid)
{
	char path[64], line[256];
	pid_t own = tid;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/task/%d/status", (int)p->pid, (int)tid);
	f = fopen(path, "re");
	if (!f)
		return tid;
	while (fgets(line, sizeof(line), f)) {
		const char *last = strrchr(line, '\t');

		if (strncmp(line, "NSpid:", 6) || !last)
			continue;
		own = (pid_t)strtol(last + 1, NULL, 10);
		break;
	}
	fclose(f);
	return own;
}

void py_thread_own_ids(const struct process *p, const pid_t *tids, pid_t *own, size_t count)
{
	for (size_t i = 0; i < count; i++)
		own[i] = p->ns_pid == p->pid ? tids[i] : own_tid(p, tids[i]);
}

ssize_t py_thread_ids(const struct process *p, pid_t *tids, size_t cap)
{
	ssize_t count = process_threads(p, tids, cap);

	if (count > (ssize_t)cap)
		count = (ssize_t)cap;
	if (count > 0)
		py_thread_own_ids(p, tids, tids, (size_t)count);
	return count;
}
