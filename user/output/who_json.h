// SPDX-License-Identifier: Apache-2.0
/*
 * Who holds what, for other programs, schema pyleak.who/1; docs/output.md says how each number is
 * obtained.
 */
#ifndef PYLEAK_OUTPUT_WHO_JSON_H
#define PYLEAK_OUTPUT_WHO_JSON_H

#include "format.h"

/* As struct format's who. */
int who_json(FILE *out, const struct who *w, const struct format_options *o);

#endif
