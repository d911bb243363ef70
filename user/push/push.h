// SPDX-License-Identifier: Apache-2.0
/*
 * Sending to back ends over HTTP, without ever waiting for one. Each destination has a queue of
 * bounded size: what does not fit pushes the oldest out, which is counted as lost. A message that
 * fails is tried again, ever later; one that the back end refuses (4xx, but for 408 and 429),
 * or answers with a web page, is lost at once.
 */
#ifndef PYLEAK_PUSH_PUSH_H
#define PYLEAK_PUSH_PUSH_H

#include <stddef.h>
#include <stdint.h>

#include "../model/metrics.h"
#include "../model/report.h"
#include "../util/err.h"

enum push_kind {
	PUSH_REMOTE_WRITE, /* metrics: Prometheus, VictoriaMetrics, Mimir */
	PUSH_OTLP,	   /* metrics: an OpenTelemetry collector */
	PUSH_PROFILES,	   /* pprof: Pyroscope's POST /ingest */
	PUSH_PARCA,	   /* pprof in JSON: Parca's POST /api/profiles/writeraw */
	PUSH_KINDS,
};

struct push_counts {
	uint64_t sent[PUSH_KINDS], lost[PUSH_KINDS], failed[PUSH_KINDS]; /* messages; attempts */
	uint64_t bytes[PUSH_KINDS];					 /* sent */
};

struct push;

struct push_options {
	const char *url[PUSH_KINDS];	  /* "": not used; copied */
	const char *token_file, *ca_file; /* "": none */
	const char *host;		  /* whose profiles they are; copied */
	size_t buffer_bytes;		  /* of each queue */
};

/* 0 or -errno with @e. */
int push_open(struct push **out, const struct push_options *o, struct err *e);
void push_close(struct push *p); /* what was not sent is lost; NULL is allowed */

/* Put into the queues of those destinations that take it. */
void push_metrics(struct push *p, const struct metrics *m);
void push_profile(struct push *p, const struct report *r);

/*
 * Wait for the back ends, for any of @fds (those that are -1 are left out), or @timeout_ms, and do
 * what there is to do.
 */
void push_wait(struct push *p, const int *fds, unsigned count, int timeout_ms);

void push_count(const struct push *p, struct push_counts *counts);

#endif
