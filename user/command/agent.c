// SPDX-License-Identifier: Apache-2.0
#include "../agent/agent.h"
#include "command.h"

static int run(const struct options *o, FILE *out, struct err *e)
{
	if (o->check_config)
		return agent_check_config(o->config, out, e);
	return agent_run(o->config, out, o->level, e);
}

const struct command command_agent = {
	.word = "agent",
	.usage = "agent [--config FILE] [--check-config]",
	.about = "watch the whole machine, and look at the processes that grow",
	.pids = PIDS_NONE,
	.options = { "config", "check-config" },
	.run = run,
};
