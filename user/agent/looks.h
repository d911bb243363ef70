// SPDX-License-Identifier: Apache-2.0
/*
 * Looks in processes of their own: memory that a look takes goes with it, a crash in one is an
 * error of that look, and the agent stays small and never waits.
 *
 * The result comes back through a pipe as the structs themselves: both ends are the same program,
 * and a report is plain data.
 */
#ifndef PYLEAK_AGENT_LOOKS_H
#define PYLEAK_AGENT_LOOKS_H

#include <stdbool.h>
#include <sys/types.h>

#include "../model/pause.h"
#include "../model/report.h"
#include "../util/err.h"
#include "config.h"

#define LOOKS_MAX 8
#define LOOK_CANDIDATES_MAX 16 /* of a look; the first by rank */

struct look_job {
	pid_t child;	       /* 0: the place is free */
	int pid;	       /* looked at */
	int fd;		       /* of the pipe */
	uint64_t killed_at_ns; /* when it must have ended */
	unsigned char *data;   /* owned; what came so far */
	size_t len, cap;
};

struct look_outcome {
	int pid;
	int rc; /* of the look, 0 or -errno */
	struct err why;
	struct report report; /* release with report_release() */
	struct pause_sum pauses; /* of the same time; seconds 0: they were not watched */
	double cpu_seconds;   /* the child's, user and system */
	uint64_t rss_peak_bytes;
};

/* Begin. 0 or -errno. */
int look_start(struct look_job *job, int pid, const struct config *c);

/*
 * Take what has come. 0: go on waiting; 1: it ended, *@out is filled and the place is free. A child
 * that crashed, or that took longer than it may and was killed, is an @out with rc.
 */
int look_collect(struct look_job *job, struct look_outcome *out);

/* Who is looked at ended: the look has seconds left to say what it knows. */
void look_hurry(struct look_job *job);

/* Kill it, forget it. */
void look_abandon(struct look_job *job);

#endif
