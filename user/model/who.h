// SPDX-License-Identifier: Apache-2.0
/*
 * Who holds objects of a type, or one object. Filled by session/, printed by output/. As in
 * report.h a number that is unknown is UNKNOWN and a text "".
 */
#ifndef PYLEAK_MODEL_WHO_H
#define PYLEAK_MODEL_WHO_H

#include <stdbool.h>

#include "report.h"

#define WHO_STEPS_MAX 24

/* One step of a path: how it is written, and what it leads to. */
struct who_step {
	char label[96]; /* "module app.cache", "CACHE", "[*]", ".user" */
	char type[96];	/* "": C memory */
};

/* References that are written alike. */
struct who_path {
	char path[512];	    /* "module app.cache: CACHE[*].user" */
	char example[512];  /* one of them in full, with keys and indexes; "" unless asked for */
	char holder[160];   /* type of what holds them directly; "" for roots and C memory */
	bool reached;	    /* false: nothing leads to the holder */
	int64_t references;
	int64_t objects;	/* whose shortest path this is */
	int64_t retained_bytes; /* of those objects, each by itself */
	struct who_step step[WHO_STEPS_MAX]; /* from the root to the object */
	unsigned steps;
};

/* Direct referrers of one kind. */
struct who_referrer {
	char type[160]; /* "": C memory; "root": a module's, frame's, thread's or C data's slot */
	char slot[96];	/* "[*]", ".user", "['key']" */
	int64_t references, holders;
};

struct who {
	struct report about; /* target, loss, cost, warnings */
	char type[160];
	uint64_t address; /* of the one object; 0: all of the type */
	int64_t count, bytes;	/* bytes as sys.getsizeof() has it */
	int64_t retained_bytes; /* of all together */
	bool retained_at_most;
	/* Counts as sys.getrefcount() gives them less its own argument's; UNKNOWN: immortal. */
	int64_t refcount_least, refcount_most, refcount_sum;
	int64_t references;   /* found, but for words: */
	int64_t memory_words; /* that point there from C memory and stacks, and may be stale */
	int64_t unreached;  /* of count: no path from a root was found */
	struct who_path *path; /* owned; most objects first */
	uint32_t paths, path_cap;
	struct who_referrer *referrer; /* owned; most references first */
	uint32_t referrers, referrer_cap;
	int64_t references_left_out; /* of patterns beyond the bound, and of references */
};

/* A row more, zeroed; NULL when there is no memory. */
struct who_path *who_add_path(struct who *w);
struct who_referrer *who_add_referrer(struct who *w);

/* Rows that read alike become one; the largest first. */
void who_merge(struct who *w);

void who_release(struct who *w);

#endif
