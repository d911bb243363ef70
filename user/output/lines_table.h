// SPDX-License-Identifier: Apache-2.0
/*
 * The lines that allocate most, below the candidates of a report that counted allocations.
 */
#ifndef PYLEAK_OUTPUT_LINES_TABLE_H
#define PYLEAK_OUTPUT_LINES_TABLE_H

#include "page.h"
#include "paths.h"

#define LINES_SHOWN 5 /* all with -v */

/* Nothing where the report has no lines. */
void lines_put(const struct page *p, const struct paths *paths, const struct report *r,
	       bool verbose);

#endif
