// SPDX-License-Identifier: Apache-2.0
#include "command.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>

const struct command *const commands[] = {
	&command_leaks, &command_heap,	 &command_who,	&command_top,	&command_gc,
	&command_ps,	&command_agent,	 &command_report, &command_diff, &command_check,
	&command_fds,	&command_doctor, NULL,
};

const struct command *command_by_word(const char *word)
{
	for (size_t i = 0; commands[i]; i++)
		if (strcmp(commands[i]->word, word) == 0)
			return commands[i];
	return NULL;
}

int command_run(const struct command *command, const struct options *o, struct err *e)
{
	FILE *out = o->output ? fopen(o->output, "w") : stdout;
	int result;

	if (!out)
		return err_set(e, -errno, EXIT_FAILED, "cannot write %s: %s", o->output,
			       strerror(errno));
	result = command->run(o, out, e);
	if ((out == stdout ? fflush(out) : fclose(out)) && result >= 0)
		result = err_set(e, -errno, EXIT_FAILED, "cannot write %s: %s",
				 o->output ? o->output : "the report", strerror(errno));
	return result;
}

int command_each_pid(const struct options *o, command_one *one, void *arg, struct err *e)
{
	struct log log;
	int rc = 0;

	log_init(&log, stderr, o->level);
	for (unsigned i = 0; i < o->pid_count; i++) {
		struct err mine = { 0 };
		int failed = one(arg, o->pids[i], &log, &mine);

		if (failed && !rc) {
			rc = failed;
			*e = mine;
		} else if (failed) {
			log_warn(&log, "%s", mine.text);
		}
	}
	return rc;
}

int command_refuse(struct err *e, const char *fmt, ...)
{
	char text[512];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	return err_set(e, -EINVAL, EXIT_USAGE, "%s; see pyleak --help", text);
}
