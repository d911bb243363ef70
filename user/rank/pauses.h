// SPDX-License-Identifier: Apache-2.0
/*
 * From collections to what to do about them: sentences that rest on measured numbers alone. Pure:
 * no clock, no target.
 */
#ifndef PYLEAK_RANK_PAUSES_H
#define PYLEAK_RANK_PAUSES_H

#include "../model/pause.h"

/* Of the time watched; below it the collector is not what makes a service slow. */
#define PAUSES_SHARE_BAD 0.05
#define PAUSES_SHARE_NOTE 0.01
/* A pause that a person notices in a request. */
#define PAUSES_LONG_NS 10000000ULL

/* Fill @p's findings, worst first, and p->growing, from everything else in it. */
void pauses_judge(struct pauses *p);

#endif
