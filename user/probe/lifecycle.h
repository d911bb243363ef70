// SPDX-License-Identifier: Apache-2.0
/*
 * Processes of the whole machine, as they come and go: who calls exec; of those that are watched
 * the children, and the end. Events say where to look, no more: a full ring loses some, and in a
 * pid namespace of our own children are not told. Searching /proc remains the truth.
 */
#ifndef PYLEAK_PROBE_LIFECYCLE_H
#define PYLEAK_PROBE_LIFECYCLE_H

#include <stdbool.h>

#include "../../bpf/abi.h"
#include "../util/err.h"

struct lifecycle;

/* 0 or -errno with @e: as loader_open(). Nothing is pinned: it ends with us. */
int lifecycle_open(struct lifecycle **out, struct err *e);
void lifecycle_close(struct lifecycle *l);

/* To be waited for; -1 where @l is NULL. */
int lifecycle_fd(const struct lifecycle *l);

/* Hand over what has come, oldest first. False: some were lost. */
bool lifecycle_read(struct lifecycle *l, void (*take)(void *arg, enum lifecycle_what, int pid),
		    void *arg);

/* Tell, or tell no more, of children and of the end of @pid. @l may be NULL. */
void lifecycle_watch(struct lifecycle *l, int pid);
void lifecycle_forget(struct lifecycle *l, int pid);

#endif
