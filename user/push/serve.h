// SPDX-License-Identifier: Apache-2.0
/*
 * The metrics over HTTP, for whoever scrapes: GET /metrics, and /healthz for a liveness probe.
 */
#ifndef PYLEAK_PUSH_SERVE_H
#define PYLEAK_PUSH_SERVE_H

#include "../model/metrics.h"
#include "../util/err.h"

struct serve;

struct serve_options {
	const char *listen;			       /* "127.0.0.1:9317", "[::1]:9317" */
	const char *token_file;			       /* "": none is asked for */
	const char *certificate, *key;		       /* PEM files; "": no TLS */
	void (*measure)(void *arg, struct metrics *m); /* asked at each scrape */
	void *arg;
};

/* Listen; nothing happens but in serve_run(). 0 or -errno with @e. NULL may be closed and run. */
int serve_open(struct serve **out, const struct serve_options *o, struct err *e);
void serve_close(struct serve *s);

/* To be waited for; -1 where @s is NULL. serve_run() does what is to be done and never waits. */
int serve_fd(const struct serve *s);
void serve_run(struct serve *s);

/*
 * Read the first line of a file into @out of @cap bytes: a token, which must not be on a command
 * line or in a configuration that others may read. 0 or -errno with @e.
 */
int read_token(const char *path, char *out, size_t cap, struct err *e);

#endif
