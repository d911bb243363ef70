// SPDX-License-Identifier: Apache-2.0
#include "events.h"

#include <stdlib.h>
#include <string.h>

#include "../util/clock.h"

#define ASK_MOST_NS 5000000ull /* in each EVENTS_PAUSE_NS: a shell script may start thousands */

/* After exec until it is asked: a Python is one once its library is mapped and initialized. */
static const uint64_t ask_after_ns[] = { 250000000ull, 1000000000ull, 4000000000ull };
#define ASKED_MOST (sizeof(ask_after_ns) / sizeof(ask_after_ns[0]))

void events_open(struct events *ev, struct roster *r, struct log *log)
{
	struct err why = { 0 };

	*ev = (struct events){ .roster = r };
	if (lifecycle_open(&ev->source, &why)) {
		log_detail(log, "new processes are found by searching alone: %s", why.text);
		return;
	}
	ev->waiting = calloc(EVENTS_WAITING, sizeof(*ev->waiting));
	if (!ev->waiting) {
		events_close(ev);
		return;
	}
	r->lifecycle = ev->source;
	log_detail(log, "the kernel tells of processes that begin and end");
}

void events_close(struct events *ev)
{
	if (ev->roster)
		ev->roster->lifecycle = NULL;
	lifecycle_close(ev->source);
	free(ev->waiting);
	*ev = (struct events){ 0 };
}

int events_fd(const struct events *ev, uint64_t now_ns)
{
	return now_ns - ev->read_ns < EVENTS_PAUSE_NS ? -1 : lifecycle_fd(ev->source);
}

uint64_t events_due(const struct events *ev, uint64_t now_ns)
{
	uint64_t due = UINT64_MAX;

	for (size_t i = 0; i < ev->count; i++)
		if (ev->waiting[i].due_ns < due)
			due = ev->waiting[i].due_ns;
	if (due != UINT64_MAX && due < ev->asked_ns + EVENTS_PAUSE_NS)
		due = ev->asked_ns + EVENTS_PAUSE_NS;
	/* While events are not waited for, they are due when the pause is over. */
	if (events_fd(ev, now_ns) < 0 && ev->source && ev->read_ns + EVENTS_PAUSE_NS < due)
		due = ev->read_ns + EVENTS_PAUSE_NS;
	return due;
}

static void expect_newcomer(struct events *ev, int pid)
{
	struct newcomer *n = NULL;

	for (size_t i = 0; i < ev->count && !n; i++)
		if (ev->waiting[i].pid == pid)
			n = &ev->waiting[i];
	if (!n && ev->count == EVENTS_WAITING) {
		ev->scan = true;
		lifecycle_forget(ev->source, pid);
		return;
	}
	n = n ? n : &ev->waiting[ev->count++];
	*n = (struct newcomer){ .pid = pid, .due_ns = ev->now_ns + ask_after_ns[0] };
	lifecycle_watch(ev->source, pid);
}

/* A thread may outlive the first one, whose end was told: then it is watched on. */
static void end(struct events *ev, int pid)
{
	if (roster_check(ev->roster, pid))
		ev->ended(ev->arg, pid);
	if (!roster_find(ev->roster, pid))
		lifecycle_forget(ev->source, pid);
}

static void take(void *arg, enum lifecycle_what what, int pid)
{
	struct events *ev = arg;

	ev->told++;
	switch (what) {
	case LIFECYCLE_EXEC:
		if (roster_drop(ev->roster, pid))
			ev->ended(ev->arg, pid);
		expect_newcomer(ev, pid);
		break;
	case LIFECYCLE_CHILD:
		expect_newcomer(ev, pid);
		break;
	case LIFECYCLE_ENDED:
		end(ev, pid);
		break;
	}
}

/* Those who were due: asked, and kept where they may yet become a Python. */
static void ask_newcomers(struct events *ev)
{
	uint64_t until = clock_ns() + ASK_MOST_NS;
	size_t kept = 0;

	for (size_t i = 0; i < ev->count; i++) {
		struct newcomer n = ev->waiting[i];

		if (n.due_ns > ev->now_ns || clock_ns() > until) {
			ev->waiting[kept++] = n;
			continue;
		}
		if (!roster_ask(ev->roster, n.pid) && ++n.asked < ASKED_MOST) {
			n.due_ns = ev->now_ns + ask_after_ns[n.asked];
			ev->waiting[kept++] = n;
		} else if (!roster_find(ev->roster, n.pid)) {
			lifecycle_forget(ev->source, n.pid);
		}
	}
	ev->count = kept;
}

bool events_run(struct events *ev, uint64_t now_ns, void (*ended)(void *arg, int pid), void *arg)
{
	bool scan;

	if (!ev->source)
		return false;
	ev->ended = ended;
	ev->arg = arg;
	ev->now_ns = now_ns;
	if (now_ns - ev->read_ns >= EVENTS_PAUSE_NS) {
		uint64_t before = ev->told;

		if (!lifecycle_read(ev->source, take, ev))
			ev->scan = true;
		if (ev->told != before)
			ev->read_ns = now_ns;
	}
	if (now_ns - ev->asked_ns >= EVENTS_PAUSE_NS) {
		ev->asked_ns = now_ns;
		ask_newcomers(ev);
	}
	scan = ev->scan;
	ev->scan = false;
	return scan;
}
