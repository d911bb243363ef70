// SPDX-License-Identifier: Apache-2.0
/*
 * The agent: one loop, one thread.
 *
 *	every 5 s   memory of every Python process     roster.c
 *	every 15 s  new processes                       roster.c
 *	at once     those that begin and end            events.c
 *	who grows   is looked at, in turn, in a child   turns.c, looks.c
 *	what comes  is entered, kept, told              findings.c, history/, push/
 */
#ifndef PYLEAK_AGENT_AGENT_H
#define PYLEAK_AGENT_AGENT_H

#include <stdio.h>

#include "../history/history.h"
#include "../push/push.h"
#include "../push/serve.h"
#include "../util/err.h"
#include "../util/log.h"
#include "config.h"
#include "events.h"
#include "findings.h"
#include "looks.h"
#include "roster.h"

struct agent_counts {
	uint64_t looks, looks_new, looks_nothing, looks_failed, looks_refused;
	double look_cpu_seconds;
	uint64_t look_rss_peak_bytes;
};

struct look_place {
	struct look_job job;
	struct turn_group *group; /* of the process looked at; kept by its `looking` */
	char pod[160];
};

struct agent {
	struct config config;
	const char *config_path; /* NULL: the usual one, if it is there */
	struct roster roster;
	struct events events;
	struct findings findings;
	struct look_place look[LOOKS_MAX];
	struct allowance allowance;
	struct agent_counts counts;
	struct history *history; /* NULL: none is kept */
	struct push *push;
	struct serve *serve;
	struct log log;
	FILE *out; /* for JSON lines */
	struct timespec started;
	uint64_t measured_ns, scanned_ns, pushed_ns, trimmed_ns;
	char host[65];
};

/* Run until SIGTERM or SIGINT. 0 or -errno with @e. */
int agent_run(const char *config_path, FILE *out, enum log_level level, struct err *e);

/* Read the configuration and say on @out what it comes to. 0 or -errno with @e. */
int agent_check_config(const char *config_path, FILE *out, struct err *e);

/* All numbers of the agent, of now. Texts are borrowed of @a until it changes. */
void agent_measure(const struct agent *a, struct metrics *m);

#endif
