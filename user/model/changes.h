// SPDX-License-Identifier: Apache-2.0
/*
 * What changed between two saved leak reports. Filled by rank/changes.c, printed by output/.
 */
#ifndef PYLEAK_MODEL_CHANGES_H
#define PYLEAK_MODEL_CHANGES_H

#include "report.h"

enum change_kind { CHANGE_NEW, CHANGE_FASTER, CHANGE_SLOWER, CHANGE_SAME, CHANGE_GONE };

const char *change_name(enum change_kind k); /* "new", "faster", "slower", "same", "gone" */

struct change {
	enum change_kind kind;
	const struct candidate *before, *after; /* borrowed; NULL: new, gone */
	double bytes_per_second;		/* after - before; what is absent counts as 0 */
};

struct changes {
	const struct report *before, *after; /* borrowed */
	struct change *change;		     /* owned; by kind, then by size */
	uint32_t count;
	uint32_t kinds[CHANGE_GONE + 1]; /* how many of each */
};

void changes_release(struct changes *c);

#endif
