// SPDX-License-Identifier: Apache-2.0
/*
 * Parts of the table of a leak report, for who shows them one by one.
 */
#ifndef PYLEAK_OUTPUT_TABLE_H
#define PYLEAK_OUTPUT_TABLE_H

#include "format.h"

/* What the table says of candidate @c of report @r, beginning with an empty line. */
void table_candidate(FILE *out, const struct report *r, const struct candidate *c,
		     const struct format_options *o);

#endif
