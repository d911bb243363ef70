// SPDX-License-Identifier: Apache-2.0
#include "../session/look.h"
#include "command.h"
#include "print.h"

struct leaks {
	const struct options *options;
	FILE *out;
	bool found;
};

static int look_at(void *arg, pid_t pid, struct log *log, struct err *e)
{
	struct leaks *leaks = arg;
	const struct options *o = leaks->options;
	struct report report = { 0 };
	struct format_options how;
	int rc = look_run(&report, pid, o, log, e);

	if (!rc) {
		leaks->found = leaks->found || report.verdict == VERDICT_LEAK;
		print_options(o, leaks->out, &how);
		rc = print_end(leaks->out, o->format->leaks(leaks->out, &report, &how), e);
	}
	report_release(&report);
	return rc;
}

static int run(const struct options *o, FILE *out, struct err *e)
{
	struct leaks leaks = { .options = o, .out = out };
	int rc = command_each_pid(o, look_at, &leaks, e);

	return rc ? rc : leaks.found && o->fail_on_leak ? EXIT_LEAK_FOUND : 0;
}

static int check(const struct options *o, struct err *e)
{
	if (o->redirect && !o->exact)
		return command_refuse(e, "--redirect is a way of --exact");
	return 0;
}

static bool prints(const struct format *format)
{
	return format->leaks;
}

const struct command command_leaks = {
	.word = "",
	.usage = "-p PID[,PID...] [-d DURATION]",
	.pids = PIDS_SOME,
	.options = { "duration", "exact", "redirect", "fail-on-leak" },
	.prints = prints,
	.check = check,
	.run = run,
};
