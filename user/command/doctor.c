// SPDX-License-Identifier: Apache-2.0
#include "../session/doctor.h"

#include "command.h"
#include "print.h"

static int run(const struct options *o, FILE *out, struct err *e)
{
	struct format_options how;

	print_options(o, out, &how);
	return doctor_run(out, o->pid_count ? o->pids[0] : 0, how.color, e);
}

const struct command command_doctor = {
	.word = "doctor",
	.usage = "doctor [-p PID]",
	.about = "what works here and for that process, and what to do else",
	.pids = PIDS_MAY_BE,
	.run = run,
};
