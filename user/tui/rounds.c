// SPDX-License-Identifier: Apache-2.0
#include "rounds.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../session/interrupt.h"
#include "../session/look.h"
#include "../util/clock.h"

static bool same_holder(const struct candidate *a, const struct candidate *b)
{
	return strcmp(a->held_by, b->held_by) == 0 && strcmp(a->type, b->type) == 0 &&
	       (a->held_by[0] ||
		strcmp(a->allocated_at.function, b->allocated_at.function) == 0);
}

/* The row of that holder, made where there is none, at the foot. NULL: no room. */
static struct rounds_row *row_of(struct rounds *r, const struct candidate *c)
{
	for (uint32_t i = 0; i < r->rows; i++)
		if (same_holder(&r->row[i].candidate, c))
			return &r->row[i];
	if (r->rows == ROUNDS_ROWS_MAX)
		return NULL;
	r->row[r->rows] = (struct rounds_row){ 0 };
	return &r->row[r->rows++];
}

/* The latest round's first, in the order of its report; among older ones, what grew most. */
static int by_round(const void *a, const void *b)
{
	const struct rounds_row *x = a, *y = b;

	if (x->round != y->round)
		return (x->round < y->round) - (x->round > y->round);
	return (x->candidate.bytes_per_second < y->candidate.bytes_per_second) -
	       (x->candidate.bytes_per_second > y->candidate.bytes_per_second);
}

void rounds_take(struct rounds *r, struct report *report)
{
	uint32_t slot = ++r->done % ROUNDS_RATES;

	for (uint32_t i = 0; i < r->rows; i++)
		r->row[i].rate[slot] = 0;
	for (uint32_t i = 0; i < report->count; i++) {
		const struct candidate *c = &report->candidates[i];
		struct rounds_row *row = row_of(r, c);

		if (!row)
			continue;
		row->candidate = *c;
		row->round = r->done;
		row->rate[slot] = c->bytes_per_second;
		row->grown_bytes += c->bytes_per_second * report->duration_seconds;
	}
	qsort(r->row, r->rows, sizeof(r->row[0]), by_round);
	if (r->done == 1)
		r->rss_first = report->before.rss;
	free(report->candidates);
	report->candidates = NULL;
	r->report = *report;
}

static void *look_again(void *arg)
{
	struct rounds *r = arg;
	struct log log;

	log_init(&log, stderr, LOG_QUIET);
	for (bool more = true; more;) {
		struct report report = { 0 };
		struct err e = { 0 };
		int rc;

		pthread_mutex_lock(&r->lock);
		r->began_ns = clock_ns();
		pthread_mutex_unlock(&r->lock);
		rc = look_run(&report, r->pid, r->options, &log, &e);
		more = !rc && !interrupt_seen();
		pthread_mutex_lock(&r->lock);
		if (rc) {
			r->error = e;
			report_release(&report);
		} else {
			rounds_take(r, &report);
		}
		r->ended = !more;
		pthread_mutex_unlock(&r->lock);
	}
	return NULL;
}

int rounds_start(struct rounds *r, pid_t pid, const struct options *o, struct err *e)
{
	int rc;

	*r = (struct rounds){ .pid = pid, .options = o, .first_ns = clock_ns() };
	r->rss_first = UNKNOWN;
	interrupt_catch();
	pthread_mutex_init(&r->lock, NULL);
	rc = pthread_create(&r->thread, NULL, look_again, r);
	if (rc)
		return err_set(e, -rc, EXIT_FAILED, "cannot start a thread: %s", strerror(rc));
	return 0;
}

void rounds_stop(struct rounds *r)
{
	kill(getpid(), SIGTERM); /* noted by interrupt_catch(), as the look expects it */
	pthread_join(r->thread, NULL);
	pthread_mutex_destroy(&r->lock);
}
