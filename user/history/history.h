// SPDX-License-Identifier: Apache-2.0
/*
 * What an agent saw, kept in one SQLite file: findings each time a look confirmed them, memory of
 * services that grow. WAL, so that a reader does not disturb the agent and a kill at any moment
 * costs at most the transaction that was being written.
 *
 * Bounded twice: rows older than `keep` go, and the file never has more than `most` pages: when it
 * is full the oldest tenth goes. A file that is damaged is set aside and a new one begun.
 */
#ifndef PYLEAK_HISTORY_HISTORY_H
#define PYLEAK_HISTORY_HISTORY_H

#include <stdint.h>

#include "../model/finding.h"
#include "../model/trails.h"
#include "../util/err.h"
#include "../util/log.h"

struct history;

/*
 * Open @path for the agent, making it and its folder. What was set aside is said in @log. 0 or
 * -errno with @e.
 */
int history_open(struct history **out, const char *path, uint64_t keep_ns, long most_mib,
		 struct log *log, struct err *e);
void history_close(struct history *h);

/* NULL keeps nothing. What cannot be written is counted. */
void history_add_finding(struct history *h, const struct finding *f, unsigned processes);
void history_add_memory(struct history *h, const char *service, const char *release,
			const char *pod, unsigned processes, double bytes, double rate);

/* Drop what is too old; once a minute is often enough. */
void history_trim(struct history *h);

/* Rows that could not be written, or were dropped for want of room; 0 for NULL. */
uint64_t history_lost(const struct history *h);

/*
 * The findings of the last @since_ns, one trail for each identity, service and release. Opened
 * read-only, so that it may be the running agent's. 0 and @out (trails_release()), or -errno.
 */
int history_read(struct trails *out, const char *path, uint64_t since_ns, struct err *e);

#endif
