// SPDX-License-Identifier: Apache-2.0
/*
 * What the garbage collector of one process did while it was watched. Filled by session/, judged by
 * rank/, printed by output/. A number that is unknown is UNKNOWN, a text that is unknown is "".
 */
#ifndef PYLEAK_MODEL_PAUSE_H
#define PYLEAK_MODEL_PAUSE_H

#include <stddef.h>

#include "report.h"

#define PAUSE_GENERATIONS 3
#define PAUSES_MAX 200000     /* kept one by one; the summaries are of all */
#define PAUSE_STACKS_MAX 1024 /* stacks told apart; pauses of more have none */
#define PAUSE_SCALE 44	      /* powers of two of a histogram: up to 2^43 ns */
#define PAUSE_FINDINGS_MAX 8
#define PAUSE_GARBAGE_TYPES 8
#define PAUSE_FREED_TYPES 32 /* types of which the collector's garbage was; the rest is summed up */

enum pause_cause {
	PAUSE_CAUSE_UNKNOWN,
	PAUSE_AUTOMATIC, /* so many objects were created */
	PAUSE_EXPLICIT,	 /* gc.collect(), or the like from C */
	PAUSE_SHUTDOWN,	 /* the interpreter ends */
};

const char *pause_cause_name(enum pause_cause c); /* "automatic", ...; "" unknown */

/* One collection: the thread stood still from start_ns for pause_ns. */
struct pause {
	uint64_t start_ns; /* CLOCK_MONOTONIC */
	uint64_t pause_ns;
	uint64_t off_ns;   /* of the pause: not on a CPU */
	uint64_t queue_ns; /* of that: waiting for one, others ran */
	uint32_t minor_faults, major_faults;
	uint32_t generation;
	enum pause_cause cause;
	int64_t collected, uncollectable;
	int64_t tracked; /* objects the collector knew before */
	int tid;
	int64_t interpreter; /* its id: 0 the main one; UNKNOWN in 3.8 */
	int stack; /* index into pauses.stack; negative: none */
};

/* One way in which collections were tripped. */
struct pause_stack {
	struct stack stack;
	uint32_t
		own; /* index of the innermost frame outside of libraries; 0 where all are inside */
	uint64_t count, pause_ns, max_ns;
	uint64_t explicit_count, explicit_ns;
	uint64_t generation[PAUSE_GENERATIONS];
};

/* All collections of one generation. */
struct pause_summary {
	uint64_t count, total_ns, max_ns, p50_ns, p99_ns;
	uint64_t off_ns, queue_ns;
	int64_t collected, uncollectable;
	uint64_t scale[PAUSE_SCALE]; /* how many lasted 2^i to 2^(i+1) ns */
};

/*
 * Of which types the garbage was that collections freed: found by sampling the young generations.
 * Shares are of all that the sampled collections freed.
 */
struct pause_freed {
	uint64_t samples;	 /* collections looked at */
	uint64_t objects, gone; /* objects noted before them, and those that were gone after */
	double older;		 /* share that came from the oldest generation: of unknown types */
	struct pause_freed_type {
		char type[96];
		double share;	   /* 0..1 */
		double plus_minus; /* two standard errors; < 0: unknown */
		uint64_t gone;
	} type[PAUSE_FREED_TYPES]; /* most first */
	uint32_t types;
	double rest; /* share of the types beyond */
};

enum pause_severity { PAUSE_GOOD, PAUSE_NOTE, PAUSE_BAD };

/* What rank/ makes of it: a sentence with its numbers, and what to do. */
struct pause_finding {
	const char *name; /* for programs: "time", "long-lived", "growing", ... */
	enum pause_severity severity;
	char text[320], advice[320];
};

struct pauses {
	struct report look; /* whom, when, how long, loss, cost, warnings; the rest is unused */
	uint64_t began_ns;  /* CLOCK_MONOTONIC of look.started */
	uint64_t min_pause_ns;
	struct pause_summary generation[PAUSE_GENERATIONS];
	struct pause *pause; /* owned, in order of their ends */
	size_t count;
	struct pause_stack *stack; /* owned */
	size_t stacks;
	uint64_t not_kept; /* beyond PAUSES_MAX, or lost by the kernel side */
	char attached_by[32];

	/* The main interpreter's collector, at the end. */
	bool enabled;
	int threshold[PAUSE_GENERATIONS];
	int64_t tracked;
	uint64_t garbage; /* objects in gc.garbage */
	struct {
		char type[96];
		uint64_t objects;
	} garbage_type[PAUSE_GARBAGE_TYPES];
	uint32_t garbage_types;

	uint64_t unfinished;	   /* collections that began and did not end */
	double unfinished_seconds; /* for how long the first of them */

	bool sampled; /* --types */
	struct pause_freed freed;

	struct pause_finding finding[PAUSE_FINDINGS_MAX];
	uint32_t findings;
	bool growing;		   /* pauses grow with the objects tracked: a leak feeds them */
	struct candidate *suspect; /* owned: what the leak look then found, NULL nothing */
};

/* What is kept of a short watch: all collections together, and who tripped the longest. */
struct pause_sum {
	double seconds; /* watched; 0: it was not */
	uint64_t count, total_ns, max_ns;
	char function[128], file[256]; /* "": unknown */
	int line;
};

void pauses_sum(struct pause_sum *sum, const struct pauses *p);
void pauses_release(struct pauses *p);

/* Seconds in collections for each second watched: 0..1, and more with several interpreters. */
double pauses_share(const struct pauses *p);
uint64_t pauses_total_ns(const struct pauses *p);
uint64_t pauses_counted(const struct pauses *p);

#endif
