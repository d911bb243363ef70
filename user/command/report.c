// SPDX-License-Identifier: Apache-2.0
#include "../agent/config.h"
#include "../history/history.h"
#include "command.h"
#include "print.h"

/* The history that the agent's configuration names. */
static int run(const struct options *o, FILE *out, struct err *e)
{
	struct format_options how;
	struct trails found = { 0 };
	struct config config;
	int rc = config_read(&config, o->config, e);

	if (!rc)
		rc = history_read(&found, config.history.path, o->since_ns, e);
	if (!rc) {
		print_options(o, out, &how);
		rc = print_end(out, o->format->trails(out, &found, &how), e);
	}
	trails_release(&found);
	return rc;
}

static int check(const struct options *o, struct err *e)
{
	if (!o->since_ns)
		return command_refuse(e, "report needs --since, such as --since 24h");
	return 0;
}

static bool prints(const struct format *format)
{
	return format->trails;
}

const struct command command_report = {
	.word = "report",
	.usage = "report --since DURATION [--config FILE]",
	.about = "what the agent of this machine found, and since when",
	.pids = PIDS_NONE,
	.options = { "since", "config" },
	.check = check,
	.prints = prints,
	.run = run,
};
