// SPDX-License-Identifier: Apache-2.0
/*
 * How a command prints its report.
 */
#ifndef PYLEAK_COMMAND_PRINT_H
#define PYLEAK_COMMAND_PRINT_H

#include <stdio.h>

#include "../output/format.h"
#include "../session/options.h"
#include "../util/err.h"

/*
 * How a report on @out is to look: width and color where it is a terminal, arrows where the locale
 * has them.
 */
void print_options(const struct options *o, FILE *out, struct format_options *how);

/* A format returned @rc for @out: 0 once all is written, or -errno with @e set. */
int print_end(FILE *out, int rc, struct err *e);

#endif
