// SPDX-License-Identifier: Apache-2.0
/*
 * Descriptors, threads and mappings of one process: how many there are, and which lines made those
 * that stay. Filled by session/, judged by rank/, printed by output/. As in report.h a number that
 * is unknown is UNKNOWN and a text "".
 */
#ifndef PYLEAK_MODEL_RESOURCES_H
#define PYLEAK_MODEL_RESOURCES_H

#include <stddef.h>

#include "report.h"

#define RESOURCE_WHATS 4 /* different things told apart in a row */

enum resource_kind {
	RESOURCE_FILE,
	RESOURCE_SOCKET,
	RESOURCE_PIPE,
	RESOURCE_EPOLL,
	RESOURCE_EVENTFD,
	RESOURCE_INOTIFY,
	RESOURCE_OTHER, /* descriptors of other kinds */
	RESOURCE_THREAD,
	RESOURCE_MAPPING, /* of files and of shared memory, libraries left out */
	RESOURCE_KINDS,
};

const char *resource_kind_name(enum resource_kind k); /* "file", "socket", ... */

struct resource_counts {
	int64_t of[RESOURCE_KINDS];
};

int64_t resource_descriptors(const struct resource_counts *c); /* of all kinds; or UNKNOWN */

/* Limits that end in failure, and how much of each is used; UNKNOWN where there is none. */
struct resource_limits {
	int64_t descriptors_max; /* RLIMIT_NOFILE, the soft one */
	int64_t threads_max;	 /* the tightest pids.max of its cgroups */
	int64_t threads_used;	 /* pids.current of that cgroup: other processes count too */
};

struct resource_what {
	char text[128]; /* "/var/log/app.log", "tcp to 10.0.0.5:5432, ESTABLISHED" */
	uint32_t count;
};

/* Resources that one line made; or that nobody was seen to make, and that are alike. */
struct resource_row {
	enum resource_kind kind;
	int64_t made, closed; /* while it was watched */
	int64_t live;	      /* of those, now */
	int64_t watched;      /* of those, as many as were watched: less where they were thinned */
	int64_t born_late;    /* of those watched, made in the last third of the window */
	int64_t came;	      /* of unseen ones, as many as came within the window; or UNKNOWN */
	int64_t bytes;	      /* of mappings */
	double oldest_seconds;
	struct resource_what what[RESOURCE_WHATS]; /* most first; the rest is counted in others */
	uint32_t what_count, others;
	unsigned owner_type; /* heap/types.h's number for it; 0 unknown */
	char chain[512]; /* types of an owner and of what holds it, outwards; "" unknown */
	/*
	 * Verdict; the line that made them (stored_at; outside of libraries allocated_at, and
	 * stored_by where that differs); the objects that own them (content), who holds those
	 * (held_by, type); cause.
	 */
	struct candidate about;
};

struct resource_thread {
	int tid;
	char name[32];
	char waits_in[64];   /* "futex", "running"; "" unknown */
	bool python;	     /* it has Python frames */
	struct frame at;     /* innermost */
	struct frame entry;  /* outermost outside of the standard library; else the outermost */
	char held_by[256];   /* path to its Thread object; "" none was found */
};

struct resource_rows {
	struct resource_row *row; /* owned */
	size_t count, cap;
};

struct resources {
	struct report look; /* whom, when, how long, loss, cost, warnings; the rest is unused */
	struct resource_counts before, after;
	struct resource_limits limits;
	/* Until a limit is reached at the growth seen; negative: no end in sight. */
	double seconds_to_descriptors, seconds_to_threads;
	double window_seconds;	 /* in which what was made was seen */
	double aged_seconds;	 /* thereafter, in which only ends were */
	struct resource_rows seen, unseen;
	struct resource_thread *thread; /* owned */
	size_t threads;
};

/* A row more, zeroed; NULL when there is no memory. */
struct resource_row *resource_rows_add(struct resource_rows *rows);
/* One more of what the row has. */
void resource_row_what(struct resource_row *row, const char *text);

void resources_release(struct resources *r);

#endif
