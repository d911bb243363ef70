// SPDX-License-Identifier: Apache-2.0
/*
 * One line of doctor: does a thing work, what was seen, what to do.
 */
#ifndef PYLEAK_SESSION_FINDING_H
#define PYLEAK_SESSION_FINDING_H

#include "../output/page.h"

enum works { WORKS_OK, WORKS_LIMITED, WORKS_MISSING, WORKS_FACT };

/* The heading of a group of findings. */
void finding_heading(const struct page *p, const char *text);

/*
 * Print it: word, name, what was seen; with @remedy (NULL: none) one sentence below of what to do.
 * WORKS_FACT has no word.
 */
void finding_print(const struct page *p, enum works works, const char *name, const char *seen,
		   const char *remedy);

#endif
