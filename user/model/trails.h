// SPDX-License-Identifier: Apache-2.0
/*
 * Findings over time, as `pyleak report --since` shows them: when each began, in which release, how
 * fast it grows. Plain data, UNKNOWN and "" as in report.h.
 */
#ifndef PYLEAK_MODEL_TRAILS_H
#define PYLEAK_MODEL_TRAILS_H

#include <stddef.h>

#include "finding.h"

struct trail {
	struct finding finding;	       /* as it was seen last */
	int64_t first_seen, last_seen; /* seconds since 1970; first: in all of the history */
	int64_t times;		       /* looks that found it */
	int64_t processes;	       /* that grew when it was seen last */
	double most_bytes_per_second;
};

struct trails {
	struct trail *trail; /* owned; fastest first */
	size_t count, cap;
	double since_seconds;
	int64_t oldest; /* seconds since 1970 of the oldest row of the history; UNKNOWN: empty */
	char path[256];
};

void trails_release(struct trails *t);

#endif
