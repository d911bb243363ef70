// SPDX-License-Identifier: Apache-2.0
/*
 * Looks at one process, one after the other, in a thread of their own; what they find is gathered
 * by holder.
 *
 *	look -> report -> rows: a row for each holder ever called a candidate
 *	  ^-------'             its rate in the latest rounds, its sum since the start
 */
#ifndef PYLEAK_TUI_ROUNDS_H
#define PYLEAK_TUI_ROUNDS_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "../model/report.h"
#include "../session/options.h"
#include "../util/err.h"

#define ROUNDS_ROWS_MAX 64 /* holders kept; of more, those that grow least are left out */
#define ROUNDS_RATES 16	   /* latest rounds whose rates are kept */

struct rounds_row {
	struct candidate candidate;  /* of the latest round it was in */
	uint32_t round;		     /* that round */
	double grown_bytes;	     /* in all rounds together; between looks nothing is counted */
	double rate[ROUNDS_RATES];   /* bytes a second, of round n at n % ROUNDS_RATES */
};

struct rounds {
	pthread_mutex_t lock; /* of all below */
	pthread_t thread;
	pid_t pid;
	const struct options *options;
	uint32_t done;	       /* rounds that ended with a report */
	uint64_t began_ns;     /* the round that runs */
	uint64_t first_ns;     /* the first one */
	struct report report;  /* of the latest round; its candidates are in row[] */
	int64_t rss_first;     /* when the first round began */
	struct rounds_row row[ROUNDS_ROWS_MAX]; /* the latest round's first, then older ones */
	uint32_t rows;
	bool ended;	       /* no round follows: @error says why, where there is a reason */
	struct err error;
};

/* Begin. 0; -errno with @e set where no thread could be started. */
int rounds_start(struct rounds *r, pid_t pid, const struct options *o, struct err *e);

/* The round that runs is cut short; waits for its end. */
void rounds_stop(struct rounds *r);

/* Take a report into the rows; for rounds.c and the tests. */
void rounds_take(struct rounds *r, struct report *report);

#endif
