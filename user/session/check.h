// SPDX-License-Identifier: Apache-2.0
/*
 * A command run under watch: started, looked at again and again until it ends, and ended by us once
 * there is an answer: a leak, or the time is over.
 */
#ifndef PYLEAK_SESSION_CHECK_H
#define PYLEAK_SESSION_CHECK_H

#include "../model/report.h"
#include "../util/err.h"
#include "../util/log.h"
#include "options.h"

struct check {
	struct report report; /* of the look that found a leak, else of the last that was whole */
	bool looked;	      /* there is one */
	bool ended_by_us;
	int status; /* its exit code, or 128 and the signal that ended it, as a shell has it */
};

/*
 * Run @words, the last of which is NULL, watching at most o->duration_ns where that is not 0. The
 * Python process is the command or a descendant of it. 0 once the command has ended; -errno with @e
 * set where it could not be started, or was looked at in vain (then it runs to its end all the
 * same, and @out->status is its status). report_release() after both.
 */
int check_command(struct check *out, char *const *words, const struct options *o, struct log *log,
		  struct err *e);

#endif
