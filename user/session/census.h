// SPDX-License-Identifier: Apache-2.0
/*
 * pyleak heap: what is on the heap of one process now, and with --diff what grew.
 *
 *	walk, counting along [-> search -> sums by name]
 *	     [-> wait -> walk -> search -> sums -> differences]
 */
#ifndef PYLEAK_SESSION_CENSUS_H
#define PYLEAK_SESSION_CENSUS_H

#include "../model/census.h"
#include "../util/err.h"
#include "../util/log.h"
#include "options.h"

/*
 * 0 and a filled @c, or -errno with @e set; census_release() after both. SIGINT and SIGTERM end the
 * wait of --diff early.
 */
int census_run(struct census *c, pid_t pid, const struct options *o, struct log *log,
	       struct err *e);

#endif
