// SPDX-License-Identifier: Apache-2.0
/*
 * Collections as a person reads them who looks for a latency spike.
 */
#ifndef PYLEAK_OUTPUT_PAUSES_TABLE_H
#define PYLEAK_OUTPUT_PAUSES_TABLE_H

#include "format.h"

int pauses_table(FILE *out, const struct pauses *p, const struct format_options *o);

#endif
