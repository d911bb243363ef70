// SPDX-License-Identifier: Apache-2.0
/*
 * The options of the command line: one table, a row for each.
 */
#ifndef PYLEAK_COMMAND_OPTION_H
#define PYLEAK_COMMAND_OPTION_H

#include <stdbool.h>
#include <stddef.h>

#include "../session/options.h"
#include "../util/err.h"

#define OPTIONS_MAX 48

enum option_group { GROUP_WHAT = 1, GROUP_REPORT, GROUP_LOOK, GROUP_TALK, GROUP_HELP };

struct option_row {
	const char *name;  /* behind "--" */
	char letter;	   /* behind "-"; 0: none */
	bool common;	   /* every command takes it; others are named in struct command */
	const char *value; /* what is shown for its value in --help; NULL: it takes none */
	const char *about;
	enum option_group group;
	/* Take @value (NULL without one) into *@o. 0; -EINVAL with @e set; -ENOMEM. */
	int (*set)(struct options *o, const char *value, struct err *e);
	/* Where there is no set(): in struct options, a const char * that becomes the value; where
	 * there is none either, a bool that becomes true. */
	size_t kept_at;
};

/* Take @value as @row says. 0; -errno as set() above. */
int option_take(const struct option_row *row, struct options *o, const char *value, struct err *e);

/* In the order of --help; ended by a row without name. Fewer than OPTIONS_MAX. */
extern const struct option_row option_rows[];

#endif
