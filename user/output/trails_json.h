// SPDX-License-Identifier: Apache-2.0
/*
 * Findings over time as JSON, schema pyleak.history/1.
 */
#ifndef PYLEAK_OUTPUT_TRAILS_JSON_H
#define PYLEAK_OUTPUT_TRAILS_JSON_H

#include "format.h"

int trails_json(FILE *out, const struct trails *t, const struct format_options *o);

#endif
