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
	/* Of its service and release: since when it grows without a pause; UNKNOWN: it does not. */
	int64_t grows_since;
};

/* Collections of one service and release, as looks saw them. */
struct pause_trail {
	char service[96], release[64];
	int64_t times;
	double seconds; /* watched, in all */
	uint64_t count, total_ns, max_ns;
	char function[128], file[256]; /* who tripped the longest; "": unknown */
	int line;
};

struct trails {
	struct trail *trail; /* owned; fastest first */
	size_t count, cap;
	struct pause_trail *pauses; /* owned; longest pause first */
	size_t pause_count, pause_cap;
	double since_seconds;
	int64_t oldest; /* seconds since 1970 of the oldest row of the history; UNKNOWN: empty */
	char path[256];
};

void trails_release(struct trails *t);

#endif
