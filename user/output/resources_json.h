// SPDX-License-Identifier: Apache-2.0
/*
 * Resources for other programs, schema pyleak.fds/1; docs/output.md says how each number is
 * obtained.
 */
#ifndef PYLEAK_OUTPUT_RESOURCES_JSON_H
#define PYLEAK_OUTPUT_RESOURCES_JSON_H

#include "format.h"

int resources_json(FILE *out, const struct resources *r, const struct format_options *o);

#endif
