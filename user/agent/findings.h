// SPDX-License-Identifier: Apache-2.0
/*
 * What was found and is not over: findings by identity, service, release and pod. One leak in 16
 * workers is one of them.
 */
#ifndef PYLEAK_AGENT_FINDINGS_H
#define PYLEAK_AGENT_FINDINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../model/finding.h"

#define FINDINGS_MAX 512 /* when there are more, the one that was seen longest ago goes */

struct open_finding {
	struct finding finding; /* as it was seen last */
	struct timespec first_seen;
	uint64_t group; /* key of the group of processes it is of */
	uint64_t looks; /* that found it */
};

struct findings {
	struct open_finding *open; /* owned */
	size_t count, cap;
	uint64_t dropped;
};

/* Enter @f. 1: it is new; 0: it was known; -ENOMEM. *@at is its entry, until the next call. */
int findings_add(struct findings *all, const struct finding *f, uint64_t group,
		 struct open_finding **at);

/*
 * Forget those that were not seen for @seconds and whose group says by @lives that none of its
 * processes is left.
 */
void findings_forget(struct findings *all, const struct timespec *now, double seconds,
		     bool (*lives)(void *arg, uint64_t group), void *arg);

void findings_release(struct findings *all);

#endif
