// SPDX-License-Identifier: Apache-2.0
/*
 * One table of functions per output format. A format knows only the model. To add one: write
 * user/output/NAME.c that defines a `const struct format`, and name it in format.c's list.
 */
#ifndef PYLEAK_OUTPUT_FORMAT_H
#define PYLEAK_OUTPUT_FORMAT_H

#include <stdbool.h>
#include <stdio.h>

#include "../model/census.h"
#include "../model/changes.h"
#include "../model/pause.h"
#include "../model/processes.h"
#include "../model/report.h"
#include "../model/resources.h"
#include "../model/trails.h"
#include "../model/who.h"

struct format_options {
	int width;  /* columns; 0: unlimited */
	bool color;
	bool ascii; /* the reader's locale is not UTF-8: no arrows */
	bool verbose;
	unsigned top; /* print at most this many candidates; 0: all */
};

struct format {
	const char *name;   /* "table", "json", "folded" */
	const char *suffix; /* "-o x.json" chooses by this; NULL: none */
	const char *other_suffix; /* or by this */
	/* Print a leak report. 0 or -errno. */
	int (*leaks)(FILE *out, const struct report *r, const struct format_options *o);
	/* Print collections and their pauses. */
	int (*pauses)(FILE *out, const struct pauses *p, const struct format_options *o);
	/* Print a census of the heap; NULL: the format has no words for it. */
	int (*heap)(FILE *out, const struct census *c, const struct format_options *o);
	/* Print who holds some objects; NULL as above. */
	int (*who)(FILE *out, const struct who *w, const struct format_options *o);
	/* Print the machine's Python processes; NULL as above. */
	int (*processes)(FILE *out, const struct processes *p, const struct format_options *o);
	/* Print resources; NULL: the format has no words for them. */
	int (*resources)(FILE *out, const struct resources *r, const struct format_options *o);
	/* Print findings over time; NULL as above. */
	int (*trails)(FILE *out, const struct trails *t, const struct format_options *o);
	/* Print what changed between two leak reports; NULL as above. */
	int (*changes)(FILE *out, const struct changes *c, const struct format_options *o);
};

/* By name, or by the suffix of a file name; NULL where there is none. */
const struct format *format_by_name(const char *name);
const struct format *format_by_suffix(const char *path);

#endif
