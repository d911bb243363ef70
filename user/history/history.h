// SPDX-License-Identifier: Apache-2.0
/*
 * What an agent saw, kept in one SQLite file: findings each time a look confirmed them, memory of
 * services that grow, each minute, and pauses of collections as looks saw them. WAL, so that a
 * reader does not disturb the agent and a kill at any moment costs at most the transaction that was
 * being written.
 *
 * Bounded twice: rows older than `keep` go, and the file never has more than `most` pages: when it
 * is full the oldest tenth goes. A file that is damaged is set aside and a new one begun, when it
 * is opened and while it is written. What cannot be written, on a full disk, is counted and said
 * once; history_trim() tries again.
 */
#ifndef PYLEAK_HISTORY_HISTORY_H
#define PYLEAK_HISTORY_HISTORY_H

#include <stdbool.h>
#include <stdint.h>

#include "../model/finding.h"
#include "../model/pause.h"
#include "../model/trails.h"
#include "../util/err.h"
#include "../util/log.h"

struct history;

struct memory_row {
	int64_t time; /* seconds since 1970 */
	const char *service, *release, *pod;
	unsigned processes; /* that grow, and all of them together: */
	double bytes, bytes_per_second;
};

struct pauses_row {
	int64_t time; /* seconds since 1970 */
	const char *service, *release, *container, *pod;
	int pid;
	const struct pause_sum *sum;
};

/*
 * Open @path for the agent, making it and its folder. What was set aside, and that it cannot be
 * opened now, is said in @log, which is kept. 0 or -ENOMEM with @e.
 */
int history_open(struct history **out, const char *path, uint64_t keep_ns, long most_mib,
		 struct log *log, struct err *e);
void history_close(struct history *h);

/* NULL keeps nothing. What cannot be written is counted. */
void history_add_finding(struct history *h, const struct finding *f, unsigned processes);
void history_add_memory(struct history *h, const struct memory_row *m);
void history_add_pauses(struct history *h, const struct pauses_row *p);

/* Drop what is too old, and open again what fails; once a minute is often enough. */
void history_trim(struct history *h);

/* Rows that could not be written, or were dropped for want of room; 0 for NULL. */
uint64_t history_lost(const struct history *h);

/* Was the last row lost? */
bool history_fails(const struct history *h);

/*
 * The findings of the last @since_ns, one trail for each identity, service and release. Opened
 * read-only, so that it may be the running agent's. 0 and @out (trails_release()), or -errno.
 */
int history_read(struct trails *out, const char *path, uint64_t since_ns, struct err *e);

#endif
