// SPDX-License-Identifier: Apache-2.0
/*
 * pyleak doctor --repair: a process that a killed --redirect left redirected, as it was before.
 */
#ifndef PYLEAK_SESSION_REPAIR_H
#define PYLEAK_SESSION_REPAIR_H

#include <stdio.h>
#include <sys/types.h>

#include "../util/err.h"

/* Restore @pid, and print to @out what there was to do: nothing, mostly. 0, or -errno with @e. */
int repair_run(FILE *out, pid_t pid, struct err *e);

#endif
