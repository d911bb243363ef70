// SPDX-License-Identifier: Apache-2.0
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "../session/gc.h"

#include "command.h"
#include "print.h"

/* The cursor to the first line; the rest of a line, or of the screen, empty; lines do not wrap. */
#define HOME "\033[H"
#define REST_OF_LINE "\033[K"
#define REST_OF_SCREEN "\033[J"
#define WRAP_OFF "\033[?7l"
#define WRAP_ON "\033[?7h"
#define ROWS_UNKNOWN 24

struct screen {
	FILE *out;
	const struct options *options;
};

static int rows_of(FILE *out)
{
	struct winsize size;

	return ioctl(fileno(out), TIOCGWINSZ, &size) || !size.ws_row ? ROWS_UNKNOWN : size.ws_row;
}

/* As much of the report as the screen has lines for: what matters most is at its top. */
static void put_rows(FILE *out, const char *text)
{
	fputs(HOME WRAP_OFF, out);
	for (int row = 1; *text && row < rows_of(out); row++) {
		size_t len = strcspn(text, "\n");

		fputs(REST_OF_LINE, out);
		fwrite(text, 1, len, out);
		fputc('\n', out);
		text += len + (text[len] == '\n');
	}
	fputs(REST_OF_SCREEN WRAP_ON, out);
	fflush(out);
}

static void show(void *arg, const struct pauses *p)
{
	struct screen *screen = arg;
	struct format_options how;
	char *text = NULL;
	size_t size;
	FILE *memory = open_memstream(&text, &size);

	if (!memory)
		return;
	print_options(screen->options, screen->out, &how);
	screen->options->format->pauses(memory, p, &how);
	if (!fclose(memory))
		put_rows(screen->out, text);
	free(text);
}

static int check(const struct options *o, struct err *e)
{
	if (o->live && (strcmp(o->format->name, "table") || o->output))
		return command_refuse(e, "--live shows a table on the terminal");
	return 0;
}

static int run(const struct options *o, FILE *out, struct err *e)
{
	struct screen screen = { .out = out, .options = o };
	struct format_options how;
	struct pauses p;
	bool live = o->live && isatty(fileno(out));
	struct log log;
	int rc;

	log_init(&log, stderr, live ? LOG_QUIET : o->level);
	rc = gc_run(&p, o->pids[0], o, &log, live ? show : NULL, &screen, e);
	if (!rc) {
		print_options(o, out, &how);
		if (live)
			fputs(HOME REST_OF_SCREEN, out);
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
	.check = check,
	.run = run,
};
