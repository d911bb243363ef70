// SPDX-License-Identifier: Apache-2.0
/*
 * The Python processes of the machine as JSON, schema pyleak.ps/1.
 */
#ifndef PYLEAK_OUTPUT_PROCESSES_JSON_H
#define PYLEAK_OUTPUT_PROCESSES_JSON_H

#include "format.h"

int processes_json(FILE *out, const struct processes *p, const struct format_options *o);

#endif
