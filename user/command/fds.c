// SPDX-License-Identifier: Apache-2.0
#include "../session/fds.h"

#include "command.h"
#include "print.h"

static int run(const struct options *o, FILE *out, struct err *e)
{
	struct format_options how;
	struct resources r;
	struct log log;
	int rc;

	log_init(&log, stderr, o->level);
	rc = fds_run(&r, o->pids[0], o, &log, e);
	if (!rc) {
		print_options(o, out, &how);
		rc = print_end(out, o->format->resources(out, &r, &how), e);
	}
	if (!rc && o->fail_on_leak && r.look.verdict == VERDICT_RESOURCE)
		rc = EXIT_LEAK_FOUND;
	resources_release(&r);
	return rc;
}

static bool prints(const struct format *format)
{
	return format->resources;
}

const struct command command_fds = {
	.word = "fds",
	.usage = "fds -p PID [-d DURATION]",
	.about = "descriptors, threads, mappings that stay, by line and holder",
	.pids = PIDS_ONE,
	.options = { "duration", "fail-on-leak" },
	.prints = prints,
	.run = run,
};
