// SPDX-License-Identifier: Apache-2.0
/*
 * pyleak: what leaks in a running Python process. The command line chooses a command; everything
 * else is behind it.
 */
#include <locale.h>
#include <malloc.h>
#include <stdio.h>
#include <string.h>

#include "command/parse.h"

/* Tables of more than this are mapped: to grow them moves pages, to free them gives them back. Left
 * to itself malloc takes to its heap once some were freed, which keeps their holes. */
#define MAPPED_LEAST (256 << 10)

int main(int argc, char **argv)
{
	const struct command *command;
	struct options o;
	struct err e = { 0 };
	int result;

	mallopt(M_MMAP_THRESHOLD, MAPPED_LEAST);
	setlocale(LC_CTYPE, "");
	result = command_parse(&command, &o, argc, argv, &e);
	if (!result)
		result = command_run(command, &o, &e);
	options_release(&o);
	if (result >= 0)
		return result;
	fprintf(stderr, "pyleak: %s\n", e.text[0] ? e.text : strerror(-result));
	return e.exit == EXIT_DONE ? EXIT_FAILED : (int)e.exit;
}
