// SPDX-License-Identifier: Apache-2.0
#include "../session/gc.h"

#include "command.h"
#include "print.h"

#define CLEAR_SCREEN "\033[H\033[2J"

struct screen {
	FILE *out;
	const struct options *options;
};

static void show(void *arg, const struct pauses *p)
{
	struct screen *screen = arg;
	struct format_options how;

	print_options(screen->options, screen->out, &how);
	fputs(CLEAR_SCREEN, screen->out);
	screen->options->format->pauses(screen->out, p, &how);
	fflush(screen->out);
}

static int run(const struct options *o, FILE *out, struct err *e)
{
	struct screen screen = { .out = out, .options = o };
	struct format_options how;
	struct pauses p;
	struct log log;
	int rc;

	log_init(&log, stderr, o->live ? LOG_QUIET : o->level);
	rc = gc_run(&p, o->pids[0], o, &log, o->live ? show : NULL, &screen, e);
	if (!rc) {
		print_options(o, out, &how);
		if (o->live)
			fputs(CLEAR_SCREEN, out);
		rc = print_end(out, o->format->pauses(out, &p, &how), e);
	}
	pauses_release(&p);
	return rc;
}

static bool prints(const struct format *format)
{
	return format->pauses;
}

const struct command command_gc = {
	.word = "gc",
	.usage = "gc -p PID [-d DURATION] [--live] [--types]",
	.about = "how long garbage collections stop it, and why (30 s without -d)",
	.pids = PIDS_ONE,
	.options = { "duration", "min-pause", "live", "types" },
	.prints = prints,
	.run = run,
};
