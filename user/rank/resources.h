// SPDX-License-Identifier: Apache-2.0
/*
 * From what was counted of the resources of one line to a verdict with its evidence. Pure: no
 * clock, no target.
 *
 *	|<------------- window ------------->|<---- aged ---->|
 *	 made ... closed ... made ... made    only ends count   survivors: made in the window, still
 *	                                                        there at the end
 *
 * Survivors alone are no leak: a pool that fills has some that were made early, one whose
 * connections take turns has as many survivors as it let go of older ones. So they must go on
 * coming to the window's end, and there must be more of their kind than before.
 */
#ifndef PYLEAK_RANK_RESOURCES_H
#define PYLEAK_RANK_RESOURCES_H

#include "../model/resources.h"

#define RESOURCES_LEAST 5 /* survivors of one line that may be called a leak */

struct resource_measured {
	int64_t survived; /* of those watched */
	int64_t born_late; /* of those, in the last third of the window */
	double window, aged; /* seconds */
	int64_t kind_gain, kind_survived; /* of all lines: more than before; survivors */
};

/* Fill @c's verdict, confidence and evidence. */
void resource_judge(struct candidate *c, const struct resource_measured *m);

/*
 * Put the rows that leak into @r's candidates, behind the leaks of memory, and say so in its
 * verdict. 0 or -ENOMEM.
 */
int resource_candidates(struct report *r, const struct resources *found);

/* Leaks first, then most that live; rows of which nothing lives are dropped. */
void resource_order(struct resource_rows *rows);

#endif
