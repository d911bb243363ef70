// SPDX-License-Identifier: Apache-2.0
#include "check.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../cpython/runtime.h"
#include "../util/clock.h"
#include "../util/procfs.h"
#include "interrupt.h"
#include "look.h"

#define SECOND_NS 1000000000ULL
#define POLL_NS 20000000L
/* Imports keep what they make; a look at them would call that growth. */
#define SETTLE_NS (1 * SECOND_NS)
#define START_NS (30 * SECOND_NS) /* to become a Python process */
#define GRACE_NS (10 * SECOND_NS) /* between asking it to end and making it */
#define LOOK_NS (15 * SECOND_NS)
#define LOOK_LEAST_NS SECOND_NS
#define DESCENDANTS 64

struct command_run {
	pid_t child;
	bool ended;
	int status;
	uint64_t end; /* of the watch; 0: none */
	struct log *log;
};

static void rest(void)
{
	nanosleep(&(struct timespec){ .tv_nsec = POLL_NS }, NULL);
}

static bool has_ended(struct command_run *run)
{
	int status;

	if (run->ended || waitpid(run->child, &status, WNOHANG) != run->child)
		return run->ended;
	run->ended = true;
	run->status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
	return true;
}

static bool is_over(struct command_run *run)
{
	return has_ended(run) || interrupt_seen() || (run->end && clock_ns() >= run->end);
}

/* Its own exec failed: told through a pipe that closes where it did not. */
static int start(struct command_run *run, char *const *words, struct err *e)
{
	int tell[2], failed = 0;

	if (pipe2(tell, O_CLOEXEC))
		return err_set(e, -errno, EXIT_FAILED, "cannot start %s: %s", words[0],
			       strerror(errno));
	run->child = fork();
	if (run->child == 0) {
		execvp(words[0], words);
		failed = errno;
		(void)!write(tell[1], &failed, sizeof(failed));
		_exit(127);
	}
	close(tell[1]);
	if (run->child < 0)
		failed = errno;
	else if (read(tell[0], &failed, sizeof(failed)) == sizeof(failed))
		waitpid(run->child, NULL, 0);
	close(tell[0]);
	return failed ? err_set(e, -failed, EXIT_FAILED, "cannot start %s: %s", words[0],
				strerror(failed))
		      : 0;
}

/* @pid and its descendants, parents first. */
static size_t family(pid_t pid, pid_t *list)
{
	size_t count = 1;

	list[0] = pid;
	for (size_t i = 0; i < count; i++) {
		char name[48], text[1024], *at = text;

		snprintf(name, sizeof(name), "task/%d/children", (int)list[i]);
		if (procfs_read(list[i], name, text, sizeof(text)) < 0)
			continue;
		while (count < DESCENDANTS) {
			char *end;
			long child = strtol(at, &end, 10);

			if (end == at)
				break;
			list[count++] = (pid_t)child;
			at = end;
		}
	}
	return count;
}

static bool is_python(pid_t pid)
{
	struct err e = { 0 };
	struct process process;
	struct py_runtime *rt = malloc(sizeof(*rt));
	struct remote mem;
	bool is = false;

	remote_init(&mem, pid);
	if (rt && !process_open(&process, pid, &e)) {
		is = !py_runtime_open(rt, &process, &mem, &e);
		process_close(&process);
	}
	free(rt);
	return is;
}

/* 0 where none appeared, or the command ended before. */
static pid_t find_python(struct command_run *run)
{
	uint64_t until = clock_ns() + START_NS;
	pid_t list[DESCENDANTS];

	while (!is_over(run) && clock_ns() < until) {
		size_t count = family(run->child, list);

		for (size_t i = 0; i < count; i++)
			if (is_python(list[i]))
				return list[i];
		rest();
	}
	return 0;
}

static void wait_until(struct command_run *run, uint64_t time)
{
	while (clock_ns() < time && !is_over(run))
		rest();
}

/* With what it started: a shell in front of the program would leave it behind. */
static void end_command(struct command_run *run)
{
	uint64_t until = clock_ns() + GRACE_NS;
	pid_t list[DESCENDANTS];
	size_t count = family(run->child, list);

	for (size_t i = 0; i < count; i++)
		kill(list[i], SIGTERM);
	while (!has_ended(run) && clock_ns() < until)
		rest();
	if (!run->ended)
		kill(run->child, SIGKILL);
}

/* Looks until one finds a leak or fails, the command ends, or the time is over. */
static int look_on(struct command_run *run, pid_t pid, const struct options *o, struct check *out,
		   struct err *e)
{
	struct options look = *o;
	int rc = 0;

	wait_until(run, clock_ns() + SETTLE_NS);
	while (!rc && !is_over(run)) {
		struct report report = { 0 };
		uint64_t now = clock_ns();

		look.duration_ns = 0; /* until the answer is clear */
		if (run->end && run->end - now < LOOK_NS)
			look.duration_ns = run->end - now;
		if (look.duration_ns && look.duration_ns < LOOK_LEAST_NS)
			break;
		rc = look_run(&report, pid, &look, run->log, e);
		if (rc) {
			report_release(&report);
			break;
		}
		report_release(&out->report);
		out->report = report;
		out->looked = true;
		if (report.verdict == VERDICT_LEAK)
			break;
	}
	/* A look that the end of the command cut short is no failure. */
	if (rc && (has_ended(run) || e->exit == EXIT_TARGET_GONE)) {
		*e = (struct err){ 0 };
		rc = 0;
	}
	return rc;
}

int check_command(struct check *out, char *const *words, const struct options *o, struct log *log,
		  struct err *e)
{
	struct command_run run = { .log = log };
	bool found, over;
	pid_t python;
	int rc;

	*out = (struct check){ 0 };
	rc = start(&run, words, e);
	if (rc)
		return rc;
	interrupt_catch();
	run.end = o->duration_ns ? clock_ns() + o->duration_ns : 0;
	python = find_python(&run);
	if (python)
		rc = look_on(&run, python, o, out, e);
	else if (!is_over(&run))
		rc = err_set(e, -ESRCH, EXIT_NOT_PYTHON,
			     "%s: neither it nor a process that it started became a Python that "
			     "can be looked at",
			     words[0]);
	found = out->looked && out->report.verdict == VERDICT_LEAK;
	over = interrupt_seen() || (run.end && clock_ns() >= run.end);
	if (!has_ended(&run) && (found || over || (!rc && run.end))) {
		out->ended_by_us = true;
		end_command(&run);
	}
	while (!has_ended(&run))
		rest();
	out->status = run.status;
	return rc;
}
