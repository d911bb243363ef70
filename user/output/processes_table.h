// SPDX-License-Identifier: Apache-2.0
/*
 * The Python processes of the machine as a table for people.
 */
#ifndef PYLEAK_OUTPUT_PROCESSES_TABLE_H
#define PYLEAK_OUTPUT_PROCESSES_TABLE_H

#include "format.h"

int processes_table(FILE *out, const struct processes *p, const struct format_options *o);

#endif
