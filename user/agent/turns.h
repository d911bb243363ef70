// SPDX-License-Identifier: Apache-2.0
/*
 * Who is looked at next. Pure: the clock is an argument.
 *
 *   - only those that grow, one of a group at a time, one of a group after the other
 *   - who was looked at waits `again`, then twice that, ... up to `again_most`
 *   - a group (processes of one service, such as forked workers) waits too: GROUP_WAIT after a look
 *     that found something new, doubled after each that did not, so that one leak in 16 workers
 *     takes a few looks, and 16 different leaks take 16
 *   - first who waited longest since a look, then who grows fastest
 *   - all looks together use no more CPU than the host's allowance
 */
#ifndef PYLEAK_AGENT_TURNS_H
#define PYLEAK_AGENT_TURNS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TURN_GROUP_WAIT_NS 15000000000ull
#define TURN_GROUP_WAIT_MOST_NS (3600 * 1000000000ull)

/* One for each group of processes. */
struct turn_group {
	uint64_t key;
	uint64_t not_before_ns;
	uint64_t wait_ns; /* after the next look; 0: TURN_GROUP_WAIT_NS */
	bool looking;
};

/* One for each process. */
struct turn {
	struct turn_group *group; /* borrowed */
	double rate;		  /* of memory's growth; 0: does not grow */
	bool descriptors;	  /* their number grows */
	uint64_t looked_ns;	  /* when a look at it ended last; 0: never */
	uint64_t not_before_ns;
	unsigned looks; /* so far */
};

/* CPU seconds that looks may use. */
struct allowance {
	double seconds; /* left */
	double most;	/* burst */
	double per_second;
	uint64_t at_ns;
};

enum look_result { LOOK_NEW, LOOK_KNOWN, LOOK_NOTHING, LOOK_FAILED };

/* In whatever it is watched for. */
bool turn_grows(const struct turn *t);

/* Should @a be looked at before @b? Either may be NULL. */
bool turn_before(const struct turn *a, const struct turn *b);

/* May it be looked at now? */
bool turn_is_due(const struct turn *t, uint64_t now_ns);

void turn_begin(struct turn *t);
void turn_end(struct turn *t, enum look_result result, uint64_t now_ns, uint64_t again_ns,
	      uint64_t again_most_ns);

/* Is there anything left to begin a look with? Refills first. */
bool allowance_is_left(struct allowance *a, uint64_t now_ns);
void allowance_use(struct allowance *a, double seconds);

#endif
