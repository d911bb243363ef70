// SPDX-License-Identifier: Apache-2.0
/*
 * What can be typed behind "pyleak": one file and one table entry for each command. To add one:
 * write user/command/NAME.c that defines a `const struct command`, name it in commands.c's list,
 * and give options of its own a row each in options.c. Nothing else changes.
 *
 *	argv -> command_parse() -> struct options -> command_run() -> command->run() -> output
 */
#ifndef PYLEAK_COMMAND_COMMAND_H
#define PYLEAK_COMMAND_COMMAND_H

#include <stdbool.h>
#include <stdio.h>

#include "../session/options.h"
#include "../util/err.h"

#define COMMAND_OPTIONS_MAX 12

enum command_pids {
	PIDS_NONE,     /* -p is refused */
	PIDS_MAY_BE,   /* at most one */
	PIDS_ONE,      /* exactly one */
	PIDS_SOME,     /* at least one */
};

struct command {
	const char *word;  /* what is typed; "" of the main job, which has none */
	const char *usage; /* behind "pyleak ", for --help */
	const char *about; /* one sentence, for --help; NULL of the main job */
	enum command_pids pids;
	bool all_rows; /* without --top: print all rows, not the first ten */
	/* Words behind the command's own, as in `diff A B`: how many; with no bound when most is 0
	 * and least is not. */
	unsigned words_least, words_most;
	/* Names of options beyond those that every command takes, as options.c has them. */
	const char *options[COMMAND_OPTIONS_MAX];
	/* Can that format print what the command finds? NULL: the command has no formats. */
	bool (*prints)(const struct format *format);
	/* What options contradict each other: -EINVAL with @e set, EXIT_USAGE. NULL: nothing. */
	int (*check)(const struct options *o, struct err *e);
	/* Do it, and print to @out. 0, EXIT_LEAK_FOUND, or -errno with @e set. */
	int (*run)(const struct options *o, FILE *out, struct err *e);
};

extern const struct command command_leaks, command_heap, command_who, command_top, command_gc;
extern const struct command command_fds;
extern const struct command command_ps, command_doctor;
extern const struct command command_agent, command_report, command_diff, command_check;
extern const struct command command_help, command_version; /* --help, --version */

/* All but help and version, in the order of --help, ended by NULL. */
extern const struct command *const commands[];

/* By its word; NULL where there is none. */
const struct command *command_by_word(const char *word);

/* Open where the report goes, run, close. Results as of struct command's run. */
int command_run(const struct command *command, const struct options *o, struct err *e);

/*
 * Each process in turn; the first failure is the result, the others are warned of, and the reports
 * of those that did not fail come all the same.
 */
typedef int command_one(void *arg, pid_t pid, struct log *log, struct err *e);
int command_each_pid(const struct options *o, command_one *one, void *arg, struct err *e);

/* For a check: refuse the command line. -EINVAL, EXIT_USAGE, with a hint to --help behind. */
int command_refuse(struct err *e, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#endif
