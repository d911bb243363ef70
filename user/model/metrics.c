// SPDX-License-Identifier: Apache-2.0
#include "metrics.h"

#include <math.h>
#include <stdarg.h>
#include <stdlib.h>

#include "../util/grow.h"

void metrics_add(struct metrics *m, const struct metric_family *family, double value, ...)
{
	struct metric *metric;
	const char *name;
	va_list args;

	if (isnan(value))
		return;
	if (grow(&m->metric, &m->cap, m->count + 1, sizeof(*m->metric))) {
		m->failed = true;
		return;
	}
	metric = &m->metric[m->count++];
	*metric = (struct metric){ .family = family, .value = value };
	va_start(args, value);
	while ((name = va_arg(args, const char *))) {
		const char *text = va_arg(args, const char *);

		if (text[0] && metric->labels < METRIC_LABELS_MAX)
			metric->label[metric->labels++] =
				(struct metric_label){ .name = name, .value = text };
	}
	va_end(args);
}

void metrics_release(struct metrics *m)
{
	free(m->metric);
	*m = (struct metrics){ 0 };
}
