// SPDX-License-Identifier: Apache-2.0
/*
 * `pyleak gc`: watch the collections of one process, and report them.
 *
 *	open -> find the collector -> attach -> take records until the end -> sum -> judge
 *	                                  `- every second, with --live: the same report so far
 */
#ifndef PYLEAK_SESSION_GC_H
#define PYLEAK_SESSION_GC_H

#include "../model/pause.h"
#include "../util/err.h"
#include "../util/log.h"
#include "options.h"

/*
 * Watch @pid for as long as @o says; SIGINT and SIGTERM end it early, with a report. @shown is
 * called with the report so far once a second where it is not NULL. 0 and a filled @p (release with
 * pauses_release()), or -errno with @e set; -ESRCH where the target ended before it could be
 * watched.
 */
int gc_run(struct pauses *p, pid_t pid, const struct options *o, struct log *log,
	   void (*shown)(void *arg, const struct pauses *p), void *arg, struct err *e);

#endif
