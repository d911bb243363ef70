// SPDX-License-Identifier: Apache-2.0
/*
 * The census as a person reads it.
 */
#ifndef PYLEAK_OUTPUT_CENSUS_TABLE_H
#define PYLEAK_OUTPUT_CENSUS_TABLE_H

#include "format.h"

/* As struct format's heap. */
int census_table(FILE *out, const struct census *c, const struct format_options *o);

#endif
