// SPDX-License-Identifier: Apache-2.0
/*
 * The Python processes of a machine. Filled by session/, printed by output/. As in report.h a
 * number that is unknown is UNKNOWN (a rate NAN) and a text "".
 */
#ifndef PYLEAK_MODEL_PROCESSES_H
#define PYLEAK_MODEL_PROCESSES_H

#include <stddef.h>
#include <stdint.h>

enum visible {
	VISIBLE_NO,   /* a Python, but not one that pyleak can look into; why says it */
	VISIBLE_PART, /* reports are possible, something is missing in them; why says what */
	VISIBLE_FULL,
};

const char *visible_name(enum visible v); /* "no", "part", "full" */

struct process_row {
	int pid;
	uint64_t start_ticks; /* with the pid: which process, also where pids are used again */
	char comm[32], python[16], build[48], build_id[64];
	char service[96], release[64]; /* what people call it, see target/service.h */
	char container[80], pod_uid[40], pod[160]; /* pod: "namespace/name" */
	int64_t rss_bytes;
	double rss_bytes_per_second;
	int threads; /* 0: unknown */
	enum visible visible;
	char why[256];
};

struct processes {
	struct process_row *row; /* owned */
	size_t count, cap;
	unsigned looked_at; /* processes with memory of their own, Python or not */
	unsigned denied;    /* of them, those that could not be looked into at all */
	double seconds;	    /* between the two readings of memory */
};

/* Largest first. */
void processes_sort(struct processes *p);
void processes_release(struct processes *p);

#endif
