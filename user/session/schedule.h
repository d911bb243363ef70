// SPDX-License-Identifier: Apache-2.0
/*
 * When to walk. Without a duration: three walks in two and a half seconds, which show a plain leak,
 * then walks ever further apart up to ten seconds, which show a slow one. With a duration: spread
 * over its first four fifths, and never more than five: a longer look is a sharper one at the same
 * cost.
 */
#ifndef PYLEAK_SESSION_SCHEDULE_H
#define PYLEAK_SESSION_SCHEDULE_H

#include <stdbool.h>
#include <stdint.h>

#define SCHEDULE_MAX 8

struct schedule {
	double at[SCHEDULE_MAX]; /* seconds */
	unsigned walks;
	double end;	    /* of the look */
	bool may_end_early; /* when the answer is plain */
};

struct schedule schedule_for(uint64_t duration_ns);

#endif
