// SPDX-License-Identifier: Apache-2.0
/*
 * pyleak top: the leak report of one process, live, on a terminal.
 *
 *	pyleak top   pid 6277 python3, Python 3.11.2: LEAK            round 3, looking for 2.1 s
 *	RSS 19.1 MiB -> 19.5 MiB since 00:21
 *
 *	   verdict       growth   since start  latest    holder
 *	>1 leak     +66.9 KiB/s       1.4 MiB  _-=#      module __main__: SESSIONS
 *	 2 leak      +4.9 KiB/s     103.4 KiB  ====      module __main__: LOG
 *	----------------------------------------------------------------------------
 *	what the report says of the chosen one
 */
#ifndef PYLEAK_TUI_TOP_H
#define PYLEAK_TUI_TOP_H

#include <sys/types.h>

#include "../output/format.h"
#include "../session/options.h"
#include "../util/err.h"

/*
 * Until q is pressed, a signal comes, or the process ends; @how says which letters and whether
 * colors are to be used. 0; -errno with @e set: no terminal (EXIT_USAGE), or whatever a look fails
 * with before there was any report.
 */
int top_run(pid_t pid, const struct options *o, const struct format_options *how, struct err *e);

#endif
