// SPDX-License-Identifier: Apache-2.0
/*
 * Reports that were saved as JSON, read back into the model: what user/output/ wrote, by any
 * version of the same schema. A field that is missing or null is unknown; one of another kind than
 * the schema says is an error.
 */
#ifndef PYLEAK_SAVED_SAVED_H
#define PYLEAK_SAVED_SAVED_H

#include "../model/pause.h"
#include "../model/report.h"
#include "../util/err.h"

#define SAVED_BYTES_MAX (256u << 20) /* a larger file is no report of ours */

enum saved_kind {
	SAVED_LEAKS, /* pyleak.report/1 */
	SAVED_PAUSES, /* pyleak.gc/1 */
};

struct saved {
	enum saved_kind kind;
	struct report leaks;
	struct pauses pauses;
};

/*
 * Read the file at @path, "-" for standard input. 0; -errno of the file; -EINVAL where it is no
 * report, or of a schema that this version does not know; @e says which (EXIT_FAILED).
 * saved_release() is allowed after both.
 */
int saved_read(struct saved *s, const char *path, struct err *e);
void saved_release(struct saved *s);

#endif
