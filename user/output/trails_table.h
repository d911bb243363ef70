// SPDX-License-Identifier: Apache-2.0
/*
 * Findings over time as a table for people.
 */
#ifndef PYLEAK_OUTPUT_TRAILS_TABLE_H
#define PYLEAK_OUTPUT_TRAILS_TABLE_H

#include "format.h"

int trails_table(FILE *out, const struct trails *t, const struct format_options *o);

#endif
