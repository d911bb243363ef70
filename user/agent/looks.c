// SPDX-License-Identifier: Apache-2.0
#include "looks.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../output/format.h"
#include "../probe/tracepoint.h"
#include "../session/gc.h"
#include "../session/look.h"
#include "../util/clock.h"
#include "../util/grow.h"

#define LONGEST_NS (15 * 1000000000ull) /* of a look whose duration was not given */
#define GRACE_NS (30 * 1000000000ull)	/* for opening and reporting, on a slow machine */
#define HURRY_NS (3 * 1000000000ull)	/* once its target ended, which it sees by itself */
#define PAUSES_NS (120 * 1000000000ull) /* longer than any look: which ends it */
#define CHUNK 65536

/* What comes first through the pipe; report.count candidates follow. */
struct result {
	int rc;
	struct err why;
	struct report report;
	struct pause_sum pauses;
};

static void write_all(int fd, const void *data, size_t len)
{
	const char *at = data;

	while (len) {
		ssize_t n = write(fd, at, len);

		if (n < 0 && errno != EINTR)
			return;
		at += n > 0 ? n : 0;
		len -= n > 0 ? (size_t)n : 0;
	}
}

static void close_between(int below, int above)
{
	if (below + 1 < above)
		close_range((unsigned)below + 1, (unsigned)above - 1, 0);
}

/*
 * All that the agent has open, but tracefs. A look that is being killed with its agent takes a
 * while to be gone, and must not keep the port that the next agent listens on.
 */
static void let_go_but(int fd)
{
	int kept = tracefs_kept(), low = kept >= 0 && kept < fd ? kept : fd;
	int high = kept > fd ? kept : fd;

	close_between(STDERR_FILENO, low);
	close_between(low, high);
	close_between(high, INT_MAX);
}

/* If memory runs out, the look goes first. */
static void expendable(void)
{
	int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return;
	write_all(fd, "1000", 4);
	close(fd);
}

/*
 * Collections are watched beside the look, by a process that it ends: what it then says fits into a
 * pipe. 0: none was started.
 */
static pid_t start_pauses(int *fd, int pid)
{
	const struct options o = { .duration_ns = PAUSES_NS, .level = LOG_QUIET };
	struct pause_sum sum;
	struct pauses p;
	struct err why;
	struct log log;
	int ends[2];
	pid_t child;

	if (pipe2(ends, O_CLOEXEC) != 0)
		return 0;
	child = fork();
	if (child == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		close(ends[0]);
		log_init(&log, stderr, LOG_QUIET);
		if (!gc_run(&p, pid, &o, &log, NULL, NULL, &why)) {
			pauses_sum(&sum, &p);
			write_all(ends[1], &sum, sizeof(sum));
		}
		_exit(0);
	}
	close(ends[1]);
	*fd = ends[0];
	if (child < 0)
		close(ends[0]);
	return child > 0 ? child : 0;
}

static void end_pauses(struct pause_sum *sum, pid_t child, int fd)
{
	ssize_t n;

	kill(child, SIGTERM); /* as a person would: it then reports */
	n = read(fd, sum, sizeof(*sum));
	close(fd);
	if (n != sizeof(*sum))
		*sum = (struct pause_sum){ 0 };
	while (waitpid(child, NULL, 0) < 0 && errno == EINTR)
		;
}

static void child(int fd, int pid, const struct config *c)
{
	struct options o = { .duration_ns = c->look.duration_ns,
			     .budget_percent = c->look.budget_percent,
			     .format = format_by_name("json"),
			     .level = LOG_QUIET };
	struct result result = { 0 };
	struct log log;
	sigset_t none;
	pid_t pauses = 0;
	int pauses_fd = -1;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	expendable();
	log_init(&log, stderr, LOG_QUIET);
	if (c->look.collections)
		pauses = start_pauses(&pauses_fd, pid);
	result.rc = look_run(&result.report, pid, &o, &log, &result.why);
	if (pauses)
		end_pauses(&result.pauses, pauses, pauses_fd);
	if (result.report.count > LOOK_CANDIDATES_MAX)
		result.report.count = LOOK_CANDIDATES_MAX;
	write_all(fd, &result, sizeof(result));
	write_all(fd, result.report.candidates,
		  result.report.count * sizeof(*result.report.candidates));
	_exit(0);
}

int look_start(struct look_job *job, int pid, const struct config *c)
{
	uint64_t most = c->look.duration_ns ? c->look.duration_ns : LONGEST_NS;
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) != 0)
		return -errno;
	*job = (struct look_job){ .pid = pid,
				  .fd = ends[0],
				  .killed_at_ns = clock_ns() + most + GRACE_NS };
	job->child = fork();
	if (job->child == 0) {
		let_go_but(ends[1]);
		child(ends[1], pid, c);
	}
	close(ends[1]);
	if (job->child < 0) {
		int err = -errno;

		close(ends[0]);
		job->child = 0;
		return err;
	}
	fcntl(job->fd, F_SETFL, O_NONBLOCK);
	return 0;
}

/* 1: its end was reached; 0: there may come more. */
static int drain(struct look_job *job)
{
	const size_t most = sizeof(struct result) + LOOK_CANDIDATES_MAX * sizeof(struct candidate);

	for (;;) {
		ssize_t n;

		if (job->len > most || grow(&job->data, &job->cap, job->len + CHUNK, 1))
			return 1;
		n = read(job->fd, job->data + job->len, CHUNK);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno != EAGAIN;
		if (n == 0)
			return 1;
		job->len += (size_t)n;
	}
}

static int wrong(struct look_outcome *out, int status)
{
	if (WIFSIGNALED(status))
		return err_set(&out->why, -EIO, EXIT_FAILED,
			       "the look at pid %d ended by signal %d", out->pid, WTERMSIG(status));
	return err_set(&out->why, -EIO, EXIT_FAILED, "the look at pid %d ended without a result",
		       out->pid);
}

/* Believe nothing of the child that could do harm here: it read hostile memory. */
static bool is_sane(struct report *r)
{
	r->comm[sizeof(r->comm) - 1] = r->python[sizeof(r->python) - 1] = '\0';
	r->service[sizeof(r->service) - 1] = r->release[sizeof(r->release) - 1] = '\0';
	r->container[sizeof(r->container) - 1] = r->summary[sizeof(r->summary) - 1] = '\0';
	for (uint32_t i = 0; i < r->count; i++) {
		struct candidate *c = &r->candidates[i];

		c->held_by[sizeof(c->held_by) - 1] = c->type[sizeof(c->type) - 1] = '\0';
		if (c->verdict > VERDICT_RESOURCE || c->stack.depth > REPORT_STACK_MAX)
			return false;
		for (uint32_t f = 0; f < c->stack.depth; f++) {
			struct frame *frame = &c->stack.frame[f];

			frame->file[sizeof(frame->file) - 1] = '\0';
			frame->function[sizeof(frame->function) - 1] = '\0';
		}
	}
	return true;
}

static void take_result(const struct look_job *job, struct look_outcome *out, int status)
{
	struct result result;
	struct report *r = &out->report;
	size_t size;

	if (status != 0 || job->len < sizeof(result)) {
		out->rc = wrong(out, status);
		return;
	}
	memcpy(&result, job->data, sizeof(result));
	size = result.report.count * sizeof(*r->candidates);
	if (result.report.count > LOOK_CANDIDATES_MAX || job->len != sizeof(result) + size) {
		out->rc = wrong(out, status);
		return;
	}
	out->rc = result.rc;
	out->why = result.why;
	out->pauses = result.pauses;
	out->pauses.function[sizeof(out->pauses.function) - 1] = '\0';
	out->pauses.file[sizeof(out->pauses.file) - 1] = '\0';
	*r = result.report;
	r->lines = NULL; /* stayed there */
	r->line_count = 0;
	r->candidates = size ? malloc(size) : NULL;
	if (!r->candidates)
		r->count = 0;
	else
		memcpy(r->candidates, job->data + sizeof(result), size);
	if (!is_sane(r)) {
		report_release(r);
		out->rc = wrong(out, status);
	}
}

int look_collect(struct look_job *job, struct look_outcome *out)
{
	struct rusage used = { 0 };
	int status = 0;

	if (clock_ns() > job->killed_at_ns)
		kill(job->child, SIGKILL);
	if (!drain(job))
		return 0;
	*out = (struct look_outcome){ .pid = job->pid };
	close(job->fd);
	if (job->len > sizeof(struct result) + LOOK_CANDIDATES_MAX * sizeof(struct candidate))
		kill(job->child, SIGKILL);
	while (wait4(job->child, &status, 0, &used) < 0 && errno == EINTR)
		;
	take_result(job, out, status);
	out->cpu_seconds = (double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
			   (double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6;
	out->rss_peak_bytes = (uint64_t)used.ru_maxrss * 1024;
	free(job->data);
	*job = (struct look_job){ 0 };
	return 1;
}

void look_hurry(struct look_job *job)
{
	uint64_t until = clock_ns() + HURRY_NS;

	if (job->killed_at_ns > until)
		job->killed_at_ns = until;
}

void look_abandon(struct look_job *job)
{
	if (!job->child)
		return;
	kill(job->child, SIGKILL);
	while (waitpid(job->child, NULL, 0) < 0 && errno == EINTR)
		;
	close(job->fd);
	free(job->data);
	*job = (struct look_job){ 0 };
}
