// SPDX-License-Identifier: Apache-2.0
/*
 * Who holds what, as a person reads it.
 */
#ifndef PYLEAK_OUTPUT_WHO_TABLE_H
#define PYLEAK_OUTPUT_WHO_TABLE_H

#include "format.h"

/* As struct format's who. */
int who_table(FILE *out, const struct who *w, const struct format_options *o);

#endif
