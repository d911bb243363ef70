// SPDX-License-Identifier: Apache-2.0
/*
 * A small process of ours that outlives us by a moment: if we are killed while a target is
 * redirected, it restores that. It has a session and a process group of its own, so that what is
 * sent to ours does not reach it, and holds nothing of ours but one end of a pipe, which tells it
 * that we are gone.
 */
#ifndef PYLEAK_REDIRECT_GUARDIAN_H
#define PYLEAK_REDIRECT_GUARDIAN_H

#include <stdbool.h>
#include <sys/types.h>

#include "family.h"
#include "slots.h"

struct guardian {
	pid_t pid;
	int pipe; /* our end; closed by the kernel when we die */
};

/* 0 or -errno. Start it early: it keeps what memory we have at that moment. */
int guardian_start(struct guardian *g, const struct slots *s, const struct family *f);

/* From now on it restores if we die; or no more. 0; -errno where there is no guardian any more. */
int guardian_tell(struct guardian *g, bool redirected);

/* Ends it, and waits for that. */
void guardian_end(struct guardian *g);

#endif
