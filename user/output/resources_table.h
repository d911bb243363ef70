// SPDX-License-Identifier: Apache-2.0
/* Resources for a person. */
#ifndef PYLEAK_OUTPUT_RESOURCES_TABLE_H
#define PYLEAK_OUTPUT_RESOURCES_TABLE_H

#include "format.h"

int resources_table(FILE *out, const struct resources *r, const struct format_options *o);

#endif
