// SPDX-License-Identifier: Apache-2.0
/*
 * The way back, as often as it takes: for whoever redirected, and for the guardian.
 */
#ifndef PYLEAK_REDIRECT_RESTORE_H
#define PYLEAK_REDIRECT_RESTORE_H

#include <stdint.h>
#include <sys/types.h>

#include "family.h"
#include "slots.h"

struct restored {
	unsigned words;	   /* written in the process itself */
	unsigned children; /* that had to be restored too */
	unsigned children_left; /* that could not be */
	uint64_t stopped_ns;
};

/*
 * Restore @pid until its tables stay without aliases: a thread that was stopped inside
 * tracemalloc.stop() may write one once more. 0; -EAGAIN or -EBUSY where it could not be stopped in
 * a second or two: it goes on as it was; -ESRCH where it is gone.
 */
int restore_process(const struct slots *s, pid_t pid, struct restored *out);

/* That, and its children. */
int restore_family(const struct slots *s, const struct family *f, struct restored *out);

#endif
