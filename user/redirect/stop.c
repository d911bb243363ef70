// SPDX-License-Identifier: Apache-2.0
#include "stop.h"

#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "../util/clock.h"
#include "../util/grow.h"
#include "../util/procfs.h"

#define LOOK_NS 20000	 /* between looks at a thread that is to stop */
#define FIRST (-20)	 /* nice: while others wait for us */
#define LATE_TRIES 10000 /* of a millisecond, for a thread that stops when it is too late */

enum thread_is { IS_RUNNING, IS_STOPPED, IS_GONE };

struct stop_thread {
	pid_t tid;
	enum thread_is is;
	int signal; /* that it was about to receive */
};

static bool is_known(const struct stop *s, pid_t tid)
{
	for (size_t i = 0; i < s->count; i++)
		if (s->thread[i].tid == tid)
			return true;
	return false;
}

/* Why can a thread not be seized? 0: it ended. */
static int refusal(pid_t pid, pid_t tid, int rc)
{
	char name[64], text[4096];
	struct procfs_stat stat;
	const char *tracer;

	snprintf(name, sizeof(name), "task/%d/stat", (int)tid);
	if (rc == -ESRCH || procfs_read(pid, name, text, sizeof(text)) < 0 ||
	    !procfs_stat_parse(text, &stat) || stat.state == 'Z' || stat.state == 'X')
		return 0;
	snprintf(name, sizeof(name), "task/%d/status", (int)tid);
	if (procfs_read(pid, name, text, sizeof(text)) < 0)
		return 0;
	tracer = procfs_field(text, "TracerPid");
	return tracer && strtol(tracer, NULL, 10) ? -EBUSY : rc;
}

static int seize(struct stop *s, pid_t pid, pid_t tid)
{
	if (grow(&s->thread, &s->cap, s->count + 1, sizeof(*s->thread)))
		return -ENOMEM;
	if (ptrace(PTRACE_SEIZE, tid, NULL, NULL))
		return refusal(pid, tid, -errno);
	s->thread[s->count++] = (struct stop_thread){ .tid = tid };
	ptrace(PTRACE_INTERRUPT, tid, NULL, NULL); /* fails where it ends: seen when waited for */
	return 0;
}

/* Seize those that are new; how many, or -errno. */
static int seize_new(struct stop *s, pid_t pid)
{
	size_t before = s->count;
	const struct dirent *entry;
	char path[32];
	int rc = 0;
	DIR *tasks;

	snprintf(path, sizeof(path), "/proc/%d/task", (int)pid);
	tasks = opendir(path);
	if (!tasks)
		return errno == ENOENT ? -ESRCH : -errno;
	while (!rc && (entry = readdir(tasks))) {
		pid_t tid = (pid_t)strtol(entry->d_name, NULL, 10);

		if (tid > 0 && !is_known(s, tid))
			rc = seize(s, pid, tid);
	}
	closedir(tasks);
	return rc ? rc : (int)(s->count - before);
}

/* Has it stopped, or gone? */
static bool look_at(struct stop_thread *t)
{
	int status;
	pid_t rc = waitpid(t->tid, &status, __WALL | WNOHANG);

	if (rc == 0)
		return false;
	if (rc < 0 || !WIFSTOPPED(status)) {
		t->is = IS_GONE;
		return true;
	}
	t->is = IS_STOPPED;
	t->signal = status >> 16 == PTRACE_EVENT_STOP ? 0 : WSTOPSIG(status);
	return true;
}

static int wait_for(struct stop *s)
{
	for (size_t i = 0; i < s->count; i++) {
		while (s->thread[i].is == IS_RUNNING && !look_at(&s->thread[i])) {
			const struct timespec wait = { .tv_nsec = LOOK_NS };

			if (clock_ns() - s->began_ns > STOP_MOST_NS)
				return -EAGAIN;
			nanosleep(&wait, NULL);
		}
	}
	return 0;
}

static void let_go(struct stop_thread *t)
{
	if (t->is == IS_STOPPED)
		ptrace(PTRACE_DETACH, t->tid, NULL, (void *)(intptr_t)t->signal);
	t->is = IS_GONE;
}

static void let_go_late(struct stop_thread *t)
{
	for (unsigned tries = 0; t->is == IS_RUNNING && tries < LATE_TRIES; tries++) {
		if (look_at(t))
			let_go(t);
		else
			clock_sleep_ms(1);
	}
}

void stop_release(struct stop *s, uint64_t *stopped_ns)
{
	for (size_t i = 0; i < s->count; i++)
		if (s->thread[i].is == IS_STOPPED)
			let_go(&s->thread[i]);
	*stopped_ns += clock_ns() - s->began_ns;
	setpriority(PRIO_PROCESS, 0, s->nice);
	/* Only what is stopped can be let go. */
	for (size_t i = 0; i < s->count; i++)
		let_go_late(&s->thread[i]);
	free(s->thread);
	*s = (struct stop){ 0 };
}

int stop_all(struct stop *s, pid_t pid, uint64_t *stopped_ns)
{
	int rc;

	*s = (struct stop){ .nice = getpriority(PRIO_PROCESS, 0) };
	setpriority(PRIO_PROCESS, 0, FIRST); /* denied without CAP_SYS_NICE: it takes longer */
	s->began_ns = clock_ns();
	/* Whoever still runs may start another thread, so until there is nobody new. */
	do {
		rc = seize_new(s, pid);
		if (rc > 0 && wait_for(s))
			rc = -EAGAIN;
	} while (rc > 0);
	if (rc)
		stop_release(s, stopped_ns);
	return rc;
}
