// SPDX-License-Identifier: Apache-2.0
/*
 * Findings over time as a table for people.
 */
#ifndef PYLEAK_OUTPUT_TRAILS_TABLE_H
#define PYLEAK_OUTPUT_TRAILS_TABLE_H

#include "../util/strbuf.h"
#include "format.h"
#include "page.h"

/* What trails_group() made, instead of each trail. */
void trails_groups(struct page *page, const struct trails *t, const struct format_options *o);

/* "FILE:LINE in FUNCTION", and "2026-11-24 03:10", put behind what is in @s. */
void trails_add_site(struct strbuf *s, const struct finding *f);
void trails_add_time(struct strbuf *s, int64_t seconds);

int trails_table(FILE *out, const struct trails *t, const struct format_options *o);

#endif
