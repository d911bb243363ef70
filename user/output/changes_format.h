// SPDX-License-Identifier: Apache-2.0
/*
 * What changed between two reports: schema pyleak.diff/1, and as a person reads it.
 */
#ifndef PYLEAK_OUTPUT_CHANGES_FORMAT_H
#define PYLEAK_OUTPUT_CHANGES_FORMAT_H

#include "format.h"

int changes_json(FILE *out, const struct changes *c, const struct format_options *o);
int changes_table(FILE *out, const struct changes *c, const struct format_options *o);

#endif
