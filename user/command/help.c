// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <stdio.h>

#include "../util/strbuf.h"
#include "command.h"
#include "parse.h"

static int help(const struct options *o, FILE *out, struct err *e)
{
	struct argp_option list[COMMAND_ARGP_OPTIONS] = { 0 };
	char usages[2048], text[4096], name[] = "pyleak";
	struct argp argp = { .options = list, .args_doc = usages, .doc = text };
	struct strbuf usage, about;

	(void)o, (void)e;
	strbuf_init(&usage, usages, sizeof(usages));
	strbuf_init(&about, text, sizeof(text));
	strbuf_addf(&about, "Find what leaks in a running Python process: who holds it, and "
			    "the line that stores it. The process is neither changed nor "
			    "stopped.\n");
	for (unsigned i = 0; commands[i]; i++) {
		strbuf_addf(&usage, "%s%s", i ? "\n" : "", commands[i]->usage);
		if (commands[i]->about)
			strbuf_addf(&about, "\n  %-8s %s", commands[i]->word, commands[i]->about);
	}
	strbuf_addf(&about, "\vExit codes: 0 done, 1 failed, 2 usage, 3 a leak was found "
			    "(--fail-on-leak), 4 the target ended first, 5 not permitted, 6 not "
			    "Python, or a Python whose layout could not be verified.");
	command_list_options(list);
	argp_help(&argp, out, ARGP_HELP_STD_HELP & ~(unsigned int)ARGP_HELP_EXIT_OK, name);
	return 0;
}

static int version(const struct options *o, FILE *out, struct err *e)
{
	(void)o, (void)e;
	fprintf(out, "pyleak %s\n", PYLEAK_VERSION);
	return 0;
}

const struct command command_help = { .word = "--help", .run = help };
const struct command command_version = { .word = "--version", .run = version };
