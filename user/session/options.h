// SPDX-License-Identifier: Apache-2.0
/*
 * What a run is to do: the command line as plain data; nothing is kept anywhere else.
 */
#ifndef PYLEAK_SESSION_OPTIONS_H
#define PYLEAK_SESSION_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "../output/format.h"
#include "../util/log.h"

#define OPTIONS_PIDS_MAX 64

enum color_when { COLOR_AUTO, COLOR_ALWAYS, COLOR_NEVER };

struct options {
	pid_t pids[OPTIONS_PIDS_MAX]; /* in the order given, each once */
	unsigned int pid_count;
	const char **words; /* behind the command's own; owned, but not what they point to */
	unsigned int word_count;
	uint64_t duration_ns;	      /* 0: until the answer is clear */
	const char *output;	      /* not owned; NULL: standard output */
	const struct format *format;  /* never NULL */
	unsigned int top;	      /* candidates to print; 0: all */
	uint64_t min_pause_ns;	      /* gc: shorter pauses are only counted */
	bool live;		      /* gc: show the report while watching */
	bool types;		      /* gc: sample what the garbage is made of */
	double budget_percent;	      /* of the target's CPU time */
	enum color_when color;
	enum log_level level;
	bool fail_on_leak;
	uint64_t since_ns;  /* report; 0: a file is reported on */
	struct trails_wanted wanted; /* report; not owned */
	enum trails_by trails_by;    /* report */
	const char *config; /* agent, report; not owned; NULL: the usual file, if it is there */
	bool check_config;  /* agent: print the configuration, and nothing else */
	bool exact; /* every allocation, by probes on the allocators */
	bool redirect; /* with exact: also where the allocator is inlined; writes to the target */
	bool repair;   /* of doctor: restore a process that was left redirected */
	enum census_by by;	      /* heap */
	uint64_t diff_ns;	      /* heap; 0: one census */
	const char *type;	      /* who: of which objects; not owned; NULL: of one */
	uint64_t address;	      /* who: of that object; 0: of a type */
	const char *graph;	      /* who: where to draw; not owned; NULL: nowhere */
	bool values;		      /* who: show keys that are data, too */
};

void options_release(struct options *o);

#endif
