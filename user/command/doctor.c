// SPDX-License-Identifier: Apache-2.0
#include "../session/doctor.h"
#include "../session/repair.h"

#include "command.h"
#include "print.h"

static int check(const struct options *o, struct err *e)
{
	if (o->repair && !o->pid_count)
		return command_refuse(e, "--repair: which process? -p PID");
	return 0;
}

static int run(const struct options *o, FILE *out, struct err *e)
{
	struct format_options how;

	if (o->repair)
		return repair_run(out, o->pids[0], e);
	print_options(o, out, &how);
	return doctor_run(out, o->pid_count ? o->pids[0] : 0, how.color, e);
}

const struct command command_doctor = {
	.word = "doctor",
	.usage = "doctor [-p PID [--repair]]",
	.about = "what works here and for that process, and what to do else",
	.pids = PIDS_MAY_BE,
	.options = { "repair" },
	.check = check,
	.run = run,
};
