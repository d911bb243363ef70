// SPDX-License-Identifier: Apache-2.0
/*
 * The command line as a struct; nothing is kept anywhere else.
 */
#ifndef PYLEAK_SESSION_OPTIONS_H
#define PYLEAK_SESSION_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

#include "../output/format.h"
#include "../util/err.h"
#include "../util/log.h"

#define OPTIONS_PIDS_MAX 64

enum command {
	COMMAND_LEAKS, /* no word: the main job */
	COMMAND_DOCTOR,
	COMMAND_GC,
	COMMAND_HEAP,
	COMMAND_HELP,	 /* --help */
	COMMAND_VERSION, /* --version */
};

enum color_when { COLOR_AUTO, COLOR_ALWAYS, COLOR_NEVER };

struct options {
	enum command command;
	pid_t pids[OPTIONS_PIDS_MAX]; /* in the order given, each once */
	unsigned int pid_count;	      /* at least 1 for COMMAND_LEAKS and _HEAP; 1 for _GC */
	uint64_t duration_ns;	      /* 0: until the answer is clear */
	char *output;		      /* owned; NULL: standard output */
	const struct format *format;  /* never NULL */
	unsigned int top;	      /* candidates to print; 0: all */
	uint64_t min_pause_ns;	      /* gc: shorter pauses are only counted */
	bool live;		      /* gc: show the report while watching */
	double budget_percent;	      /* of the target's CPU time */
	enum color_when color;
	enum log_level level;
	bool fail_on_leak;
	bool exact; /* every allocation, by probes on the allocators */
	enum census_by by;	      /* of COMMAND_HEAP */
	uint64_t diff_ns;	      /* of COMMAND_HEAP; 0: one census */
};

/* 0; or -EINVAL (-ENOMEM) with @e set, EXIT_USAGE. options_release() is allowed after both. */
int options_parse(struct options *o, int argc, char **argv, struct err *e);
void options_release(struct options *o);

/*
 * How a report on @out is to look: width and color where it is a terminal, arrows where the locale
 * has them.
 */
void options_format(const struct options *o, FILE *out, struct format_options *how);

/* What --help and --version print. */
void options_help(FILE *out);
void options_version(FILE *out);

#endif
