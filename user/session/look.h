// SPDX-License-Identifier: Apache-2.0
/*
 * One look at one process: the order of the stages, and nothing else.
 *
 *   open -> walk, wait, walk, wait, walk -> search -> judge -> watch stores -> judge again ->
 * report
 *                        ^--------- not plain yet, and time left: one walk more ----'
 */
#ifndef PYLEAK_SESSION_LOOK_H
#define PYLEAK_SESSION_LOOK_H

#include "../model/report.h"
#include "../util/err.h"
#include "../util/log.h"
#include "options.h"

/*
 * Look at @pid for as long as @o says; SIGINT and SIGTERM end the look early, with a report. 0 and
 * a filled @r (release with report_release()), or -errno with @e set.
 */
int look_run(struct report *r, pid_t pid, const struct options *o, struct log *log, struct err *e);

#endif
