// SPDX-License-Identifier: Apache-2.0
/*
 * Pauses drawn: how long they are, and when they were.
 *
 *	lasting         young      middle    full   time in them
 *	from 32.8 µs    1,120           4       -   ###
 *	from  134 ms        -           -      14   ##############################
 *
 *	over time  ..:.....|.......|.......|.......|
 */
#ifndef PYLEAK_OUTPUT_PAUSES_CHART_H
#define PYLEAK_OUTPUT_PAUSES_CHART_H

#include "page.h"

/* A row for each power of two between the shortest pause and the longest. */
void chart_lengths(const struct page *page, const struct pauses *p);

/* One line: each column the longest pause of its share of the time. Nothing without pauses. */
void chart_times(const struct page *page, const struct pauses *p);

#endif
