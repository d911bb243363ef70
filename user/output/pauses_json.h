// SPDX-License-Identifier: Apache-2.0
/*
 * Collections for other programs, schema pyleak.gc/1; docs/output.md says how each number is
 * obtained.
 */
#ifndef PYLEAK_OUTPUT_PAUSES_JSON_H
#define PYLEAK_OUTPUT_PAUSES_JSON_H

#include "format.h"

int pauses_json(FILE *out, const struct pauses *p, const struct format_options *o);

#endif
