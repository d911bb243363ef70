// SPDX-License-Identifier: Apache-2.0
/*
 * Allocation rate by line, kept or not: churn, which makes a service slow without leaking.
 */
#ifndef PYLEAK_SESSION_EXACT_LINES_H
#define PYLEAK_SESSION_EXACT_LINES_H

#include "../model/report.h"
#include "../model/sites.h"

#define EXACT_LINES_MAX 32 /* others are left out */

/*
 * Sites alike in their innermost Python line become one line each, in @r, ordered by the larger of
 * its shares of all objects and of all bytes. Needs @r's duration. New pools do not count: they
 * tell what is used, not how often. 0 or -ENOMEM.
 */
int exact_lines(struct report *r, const struct alloc_sites *all, enum lines_of of);

#endif
