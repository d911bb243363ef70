// SPDX-License-Identifier: Apache-2.0
/*
 * Numbers of one moment, to be exported: each a family (name, help, kind), labels, a value. Every
 * exporter writes the same list.
 */
#ifndef PYLEAK_MODEL_METRICS_H
#define PYLEAK_MODEL_METRICS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define METRIC_LABELS_MAX 12

struct metric_family {
	const char *name; /* Prometheus': base unit in the name, _total for counters */
	const char *help;
	bool counter; /* else a gauge */
};

struct metric_label {
	const char *name;
	const char *value; /* borrowed; "" labels are left out */
};

struct metric {
	const struct metric_family *family;
	struct metric_label label[METRIC_LABELS_MAX];
	unsigned labels;
	double value;
};

struct metrics {
	struct metric *metric; /* owned; those of a family follow one another */
	size_t count, cap;
	int64_t time_ms;  /* of all of them, since 1970 */
	int64_t start_ms; /* since when counters count */
	const char *host; /* borrowed; whose numbers they are */
	bool failed;	  /* memory ran out: the list is not whole */
};

/* Add one with the given names and values of labels, ended by METRIC_LABELS_END; none of a NaN. */
#define METRIC_LABELS_END ((const char *)0)
void metrics_add(struct metrics *m, const struct metric_family *family, double value, ...)
	__attribute__((sentinel));
void metrics_release(struct metrics *m);

#endif
