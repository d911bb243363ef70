// SPDX-License-Identifier: Apache-2.0
#include "../session/ps.h"
#include "command.h"
#include "print.h"

static int run(const struct options *o, FILE *out, struct err *e)
{
	struct processes found = { 0 };
	struct format_options how;
	int rc = ps_run(&found, o->duration_ns ? o->duration_ns : PS_INTERVAL_NS, e);

	if (!rc) {
		print_options(o, out, &how);
		rc = print_end(out, o->format->processes(out, &found, &how), e);
	}
	processes_release(&found);
	return rc;
}

static bool prints(const struct format *format)
{
	return format->processes;
}

const struct command command_ps = {
	.word = "ps",
	.usage = "ps [-d DURATION]",
	.about = "the Python processes of this machine, and what can be seen in each",
	.pids = PIDS_NONE,
	.all_rows = true,
	.options = { "duration" },
	.prints = prints,
	.run = run,
};
