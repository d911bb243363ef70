// SPDX-License-Identifier: Apache-2.0
/*
 * The census for other programs, schema pyleak.heap/1; docs/output.md says how each number is
 * obtained.
 */
#ifndef PYLEAK_OUTPUT_CENSUS_JSON_H
#define PYLEAK_OUTPUT_CENSUS_JSON_H

#include "format.h"

/* As struct format's heap. */
int census_json(FILE *out, const struct census *c, const struct format_options *o);

#endif
