// SPDX-License-Identifier: Apache-2.0
/*
 * What the kernel tells of processes, so that one born between two scans is met within a second and
 * one that ended is let go at once. Where the kernel does not tell, scans do all of it, later.
 *
 *	exec    what was watched is forgotten; who it is now is asked once its libraries are mapped
 *	child   asked as well: workers that are forked
 *	end     its memory is read: gone or not
 */
#ifndef PYLEAK_AGENT_EVENTS_H
#define PYLEAK_AGENT_EVENTS_H

#include "../probe/lifecycle.h"
#include "../util/log.h"
#include "roster.h"

#define EVENTS_WAITING 1024 /* processes to be asked; of more the scan learns */
#define EVENTS_PAUSE_NS 200000000ull /* between two readings, however many come */

struct newcomer {
	int pid;
	unsigned asked; /* times */
	uint64_t due_ns;
};

struct events {
	struct lifecycle *source; /* owned; NULL: the kernel does not tell */
	struct newcomer *waiting; /* owned, EVENTS_WAITING */
	size_t count;
	uint64_t read_ns;  /* when some had come, last */
	uint64_t asked_ns; /* newcomers, last */
	uint64_t told;	   /* events */
	bool scan;	   /* some were lost: /proc must be searched */

	/* While they are read: */
	uint64_t now_ns;
	struct roster *roster;
	void (*ended)(void *arg, int pid);
	void *arg;
};

/* Never fails: what is not to be had is said in @log. @r learns whom to watch. */
void events_open(struct events *ev, struct roster *r, struct log *log);
void events_close(struct events *ev);

/* To be waited for; -1 where the kernel does not tell, or was read just now. */
int events_fd(const struct events *ev, uint64_t now_ns);

/* When there is something to do next: ns, or UINT64_MAX. */
uint64_t events_due(const struct events *ev, uint64_t now_ns);

/*
 * Take what has come, and ask those who are due. @ended is called for each process that was watched
 * and is not any more. True: a scan is needed.
 */
bool events_run(struct events *ev, uint64_t now_ns, void (*ended)(void *arg, int pid), void *arg);

#endif
