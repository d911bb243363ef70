// SPDX-License-Identifier: Apache-2.0
/*
 * `pyleak fds`: which lines make descriptors, threads and mappings that stay.
 *
 *	count -> hooks on -> window -> hooks off but for what ends -> survivors age -> look at what
 *	is there -> rows -> judge
 */
#ifndef PYLEAK_SESSION_FDS_H
#define PYLEAK_SESSION_FDS_H

#include "../model/resources.h"
#include "../util/err.h"
#include "../util/log.h"
#include "options.h"

/*
 * Look at @pid for as long as @o says; SIGINT and SIGTERM end it early, with a report. 0 and a
 * filled @r (release with resources_release(), also after a failure), or -errno with @e set.
 */
int fds_run(struct resources *r, pid_t pid, const struct options *o, struct log *log,
	    struct err *e);

#endif
