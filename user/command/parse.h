// SPDX-License-Identifier: Apache-2.0
/*
 * The command line, read into plain data.
 */
#ifndef PYLEAK_COMMAND_PARSE_H
#define PYLEAK_COMMAND_PARSE_H

#include <argp.h>

#include "command.h"
#include "option.h"

/*
 * Read @argv into *@o and say in *@command what to do. 0; or -EINVAL (-ENOMEM) with @e set,
 * EXIT_USAGE. options_release() is allowed after both. *@o points into @argv.
 */
int command_parse(const struct command **command, struct options *o, int argc, char **argv,
		  struct err *e);

/* All options as argp wants them, zeros behind the last: room for COMMAND_ARGP_OPTIONS. */
#define COMMAND_ARGP_OPTIONS (OPTIONS_MAX + 3)
void command_list_options(struct argp_option *list);

#endif
