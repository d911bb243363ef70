// SPDX-License-Identifier: Apache-2.0
/*
 * pyleak who: who holds objects of a type, or the object at an address.
 *
 *	walk -> choose the targets -> search, listening -> dominators -> group and write the paths
 */
#ifndef PYLEAK_SESSION_WHO_H
#define PYLEAK_SESSION_WHO_H

#include "../model/who.h"
#include "../util/err.h"
#include "../util/log.h"
#include "options.h"

/* 0 and a filled @w, or -errno with @e set; who_release() after both. */
int who_run(struct who *w, pid_t pid, const struct options *o, struct log *log, struct err *e);

#endif
