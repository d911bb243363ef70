// SPDX-License-Identifier: Apache-2.0
#include "../session/check.h"

#include <errno.h>
#include <stdlib.h>

#include "command.h"
#include "print.h"

/* Its report goes where the command's own output does not: to standard error, unless -o says. */
static FILE *report_to(const struct options *o, FILE *out)
{
	return o->output ? out : stderr;
}

static int print(const struct options *o, const struct check *c, FILE *out, struct err *e)
{
	struct format_options how;

	print_options(o, out, &how);
	return print_end(out, o->format->leaks(out, &c->report, &how), e);
}

/* A leak comes first; else the command's own exit code, and 0 where we ended it. */
static int result_of(const struct check *c)
{
	if (c->looked && c->report.verdict == VERDICT_LEAK)
		return EXIT_LEAK_FOUND;
	return c->ended_by_us ? 0 : c->status;
}

static int run(const struct options *o, FILE *out, struct err *e)
{
	char **words = calloc(o->word_count + 1, sizeof(*words));
	struct check check = { 0 };
	struct log log;
	int rc;

	if (!words)
		return err_set(e, -ENOMEM, EXIT_FAILED, "not enough memory for the command");
	for (unsigned i = 0; i < o->word_count; i++)
		words[i] = (char *)o->words[i];
	log_init(&log, stderr, o->level);
	rc = check_command(&check, words, o, &log, e);
	log_progress_end(&log);
	if (!rc && check.looked)
		rc = print(o, &check, report_to(o, out), e);
	else if (!rc)
		log_warn(&log, "%s ended before there was anything to report", words[0]);
	if (!rc)
		rc = result_of(&check);
	report_release(&check.report);
	free(words);
	return rc;
}

static bool prints(const struct format *format)
{
	return format->leaks;
}

const struct command command_check = {
	.word = "check",
	.usage = "check [-d DURATION] -- COMMAND...",
	.about = "run a command under watch; exit with 3 if it leaks, else as it does",
	.pids = PIDS_NONE,
	.words_least = 1,
	.options = { "duration" },
	.prints = prints,
	.run = run,
};
