// SPDX-License-Identifier: Apache-2.0
/*
 * What is said on the way to a report, on standard error: warnings, details for -v, and one line of
 * progress that is rewritten in place and gone when the report comes. Reports themselves go through
 * output/.
 */
#ifndef PYLEAK_UTIL_LOG_H
#define PYLEAK_UTIL_LOG_H

#include <stdbool.h>
#include <stdio.h>

enum log_level {
	LOG_QUIET = -1,	 /* -q: nothing */
	LOG_NORMAL = 0,	 /* warnings, progress on a terminal */
	LOG_VERBOSE = 1, /* -v: details too */
};

struct log {
	FILE *out; /* borrowed */
	enum log_level level;
	bool terminal; /* @out is one: progress may be shown */
	int width;     /* of the terminal */
	bool progress; /* a progress line stands on the terminal */
};

void log_init(struct log *l, FILE *out, enum log_level level);

/* Each prints one line "pyleak: ..."; the texts end without a newline. */
void log_warn(struct log *l, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void log_detail(struct log *l, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Replace the progress line, cut to the terminal's width; nothing where @out is no terminal. */
void log_progress(struct log *l, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Take the progress line away. Must be called before anything else is written to the terminal. */
void log_progress_end(struct log *l);

#endif
