// SPDX-License-Identifier: Apache-2.0
/*
 * What is on the heap now. Filled by session/, printed by output/. As in report.h a number that is
 * unknown is UNKNOWN and a text "".
 */
#ifndef PYLEAK_MODEL_CENSUS_H
#define PYLEAK_MODEL_CENSUS_H

#include <stdbool.h>

#include "report.h"

enum census_by {
	CENSUS_TYPE,
	CENSUS_HOLDER,
	CENSUS_SIZE,
	CENSUS_MODULE,
	CENSUS_AGE,
	CENSUS_VIEWS,
	CENSUS_DEFAULT = CENSUS_VIEWS, /* types and holders */
};

struct census_row {
	char name[512];	   /* of the type; path of the holder; class of sizes; module; age */
	char type[160];	   /* of the holder */
	char mostly[512];  /* path to where most of it is, "" where that is the holder itself */
	char content[200]; /* what it holds: "str x1,200 61.2 KiB, C memory 1.2 KiB" */
	int64_t mostly_bytes;
	int64_t retained_bytes; /* of a holder: freed if it went; UNKNOWN where nobody looked */
	int64_t count, bytes;
	int64_t tracked;		      /* by the cyclic collector */
	int64_t growth_objects, growth_bytes; /* UNKNOWN without --diff */
};

struct census_view {
	struct census_row *row; /* owned; NULL: was not asked for */
	uint32_t count, cap;
	bool cut; /* there were more, smaller ones, which are not known */
};

struct census_sum {
	int64_t count, bytes;
};

/* Objects of one type whose reference count exceeds the references found. */
struct census_lost {
	char type[160];
	int64_t count, bytes;
	int64_t sure;	/* of count: nothing in the process's memory points to them */
	int64_t excess; /* references too many */
	int64_t held_count, held_bytes; /* what they keep alive */
};

#define CENSUS_LOST_MAX 64 /* types, the surest first */

/* What nobody reaches, by reference counts: heap/refcounts.h. */
struct census_nobody {
	bool looked; /* false: the rest is not known */
	struct census_lost lost[CENSUS_LOST_MAX];
	uint32_t count;
	bool cut; /* there were more types */
	struct census_sum garbage; /* cycles that await a collection */
	struct census_sum memory;  /* held by C memory that nobody reaches */
	struct census_sum unsure;  /* changed while they were looked at, or not looked at */
};

struct census {
	struct report about; /* target, footprint, loss, cost, warnings; summary: what changed */
	enum census_by by;
	double diff_seconds; /* between the two censuses that were compared; 0: there is one */
	struct census_view view[CENSUS_VIEWS];
	struct census_sum all;	/* objects, by their shallow sizes */
	struct census_sum raw;	/* blocks of memory that is no object */
	/* told apart: parts of all, but for kept */
	struct census_sum interned, immortal;
	struct census_sum kept;	     /* free objects that types keep for reuse */
	struct census_sum unreached; /* nothing leads to them; UNKNOWN where nobody looked */
	char unreached_content[200];
	struct census_nobody nobody;
	bool retained_at_most; /* retained sizes are an upper bound: finding them was cut short */
};

/* "type", "holder", ... */
const char *census_by_name(enum census_by by);

/* A row more, zeroed but for its UNKNOWNs; NULL when there is no memory. */
struct census_row *census_add(struct census_view *v, const char *name);

/*
 * Growth of @now's rows since @before, by name and type. Rows that are gone come back with nothing
 * in them. 0 or -ENOMEM.
 */
int census_diff(struct census_view *now, struct census_view *before);

/* Most bytes first, or with @growth most growth first. */
void census_sort(struct census_view *v, bool growth);

void census_view_release(struct census_view *v);
void census_release(struct census *c);

#endif
