// SPDX-License-Identifier: Apache-2.0
#include "../tui/top.h"

#include "command.h"
#include "print.h"

static int run(const struct options *o, FILE *out, struct err *e)
{
	struct format_options how;

	print_options(o, out, &how);
	return top_run(o->pids[0], o, &how, e);
}

static int check(const struct options *o, struct err *e)
{
	return o->output ? command_refuse(e, "top draws on the terminal; -o has no meaning there")
			 : 0;
}

const struct command command_top = {
	.word = "top",
	.usage = "top -p PID [-d DURATION]",
	.about = "the same report, live; -d is the length of each look",
	.pids = PIDS_ONE,
	.options = { "duration" },
	.check = check,
	.run = run,
};
