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

enum trails_by {
	TRAILS_BY_NONE,
	TRAILS_BY_SERVICE,
	TRAILS_BY_RELEASE,
	TRAILS_BY_SITE,
	TRAILS_BYS,
};

/* Findings of one service, of one service in one release, or of one line wherever it runs. */
struct trail_group {
	const struct trail *fastest, *first; /* of trails: growing fastest; seen first */
	char in[256]; /* which releases of a service, which services and releases of a line */
	int64_t findings, processes, last_seen;
	int64_t grows_since; /* the earliest of those that grow now; UNKNOWN: none does */
	double bytes_per_second; /* of all processes together, each as its finding was seen last */
};

struct trails {
	struct trail *trail; /* owned; fastest first */
	size_t count, cap;
	enum trails_by by;
	struct trail_group *group; /* owned; fastest first; none unless trails_group() made them */
	size_t group_count, group_cap;
	struct pause_trail *pauses; /* owned; longest pause first */
	size_t pause_count, pause_cap;
	double since_seconds;
	int64_t oldest; /* seconds since 1970 of the oldest row of the history; UNKNOWN: empty */
	char path[256];
};

/* What is asked for; NULL: any. */
struct trails_wanted {
	const char *service, *release;
	const char *site; /* a part of "FILE:LINE in FUNCTION", or of the holder's path */
};

/* "service"; "" of TRAILS_BY_NONE. */
const char *trails_by_name(enum trails_by by);

/* Drop what is not wanted. */
void trails_keep(struct trails *t, const struct trails_wanted *wanted);

/* Make the groups; the trails stay, and stay where they are. 0 or -ENOMEM. */
int trails_group(struct trails *t, enum trails_by by);

void trails_release(struct trails *t);

#endif
