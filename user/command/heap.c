// SPDX-License-Identifier: Apache-2.0
#include "../session/census.h"
#include "command.h"
#include "print.h"

struct heaps {
	const struct options *options;
	FILE *out;
};

static int count_one(void *arg, pid_t pid, struct log *log, struct err *e)
{
	const struct heaps *heaps = arg;
	const struct options *o = heaps->options;
	struct census census = { 0 };
	struct format_options how;
	int rc = census_run(&census, pid, o, log, e);

	if (!rc) {
		print_options(o, heaps->out, &how);
		rc = print_end(heaps->out, o->format->heap(heaps->out, &census, &how), e);
	}
	census_release(&census);
	return rc;
}

static int run(const struct options *o, FILE *out, struct err *e)
{
	struct heaps heaps = { o, out };

	return command_each_pid(o, count_one, &heaps, e);
}

static int check(const struct options *o, struct err *e)
{
	if (o->duration_ns)
		return command_refuse(e, "-d: heap looks once; use --diff to see what grows");
	if (o->trails_by)
		return command_refuse(e, "--by %s is for report --since",
				      trails_by_name(o->trails_by));
	if (o->by == CENSUS_AGE && !o->diff_ns)
		return command_refuse(e, "--by age needs --diff: age is told by looking again");
	return 0;
}

static bool prints(const struct format *format)
{
	return format->heap;
}

const struct command command_heap = {
	.word = "heap",
	.usage = "heap -p PID[,PID...] [--diff DURATION] [--by WHAT]",
	.about = "what it holds now, and with --diff what grew",
	.pids = PIDS_SOME,
	.options = { "by", "diff", "duration" },
	.check = check,
	.prints = prints,
	.run = run,
};
