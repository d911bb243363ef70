// SPDX-License-Identifier: Apache-2.0
/*
 * The processes of the machine that the agent knows. Watching one costs one read of its
 * /proc/PID/statm, which stays open: a descriptor is of a process, not of a pid, so that one that
 * ended is told from another that got its pid. Beside it one stat() of /proc/PID/fd, whose size is
 * the number of descriptors since Linux 6.2.
 */
#ifndef PYLEAK_AGENT_ROSTER_H
#define PYLEAK_AGENT_ROSTER_H

#include "../model/processes.h"
#include "../rank/growth.h"
#include "turns.h"

#define ROSTER_MAX 4096	    /* Python processes; more are counted and not watched */
#define ROSTER_OTHERS 32768 /* other processes that are remembered, so as not to be asked again */

struct watched {
	struct process_row row;
	int statm; /* -1: opened at each reading */
	int64_t anonymous_bytes;
	int64_t limit_used, limit_bytes; /* of one that grows, see target/limit.h; else UNKNOWN */
	struct growth growth, descriptors;
	struct turn turn;
};

struct other;
struct lifecycle;

struct roster {
	struct watched **watched; /* owned, each */
	size_t count, cap;
	struct turn_group **group; /* owned, each */
	size_t groups, group_cap;
	struct other *other; /* owned, ordered by pid */
	size_t others, other_cap;
	struct py_images *images;
	struct lifecycle *lifecycle; /* borrowed: is told who is watched; NULL: nobody */
	uint64_t refused; /* processes that there was no room for */
	uint64_t born, ended;
};

int roster_open(struct roster *r);
void roster_close(struct roster *r);

/* Search for new processes. 0; 1 where time ran out and there are more; or -errno. */
int roster_scan(struct roster *r);

/* Ask one process. True: no more need be asked, it is watched or gone. */
bool roster_ask(struct roster *r, int pid);

/* Forget one process, which became another program. False: it was not known. */
bool roster_drop(struct roster *r, int pid);

/* Forget it where it ended. False: it was not known, or lives. */
bool roster_check(struct roster *r, int pid);

/* Read everybody's memory, @interval seconds after the last time; forget who ended. */
void roster_measure(struct roster *r, double interval);

/* Who is to be looked at now, or NULL. */
struct watched *roster_next(const struct roster *r, uint64_t now_ns);

/* NULL where it is not known any more. */
struct watched *roster_find(const struct roster *r, int pid);

/* Do processes of this one's group grow: how many, and how fast together? */
unsigned roster_growing(const struct roster *r, const struct turn_group *g, double *rate);

#endif
