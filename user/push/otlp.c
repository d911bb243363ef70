// SPDX-License-Identifier: Apache-2.0
/*
 * OpenTelemetry's ExportMetricsServiceRequest in the JSON encoding of OTLP/HTTP
 * (opentelemetry-proto, metrics/v1/metrics.proto): one resource, one scope, a metric for each
 * family.
 */
#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "exporter.h"

#define CUMULATIVE 2 /* AggregationTemporality */

static json_t *attribute(const char *key, const char *value)
{
	return json_pack("{s:s, s:{s:s}}", "key", key, "value", "stringValue", value);
}

static json_t *time_text(int64_t ms)
{
	char text[32];

	snprintf(text, sizeof(text), "%" PRId64 "000000", ms);
	return json_string(text);
}

static json_t *point(const struct metrics *all, const struct metric *m)
{
	json_t *attributes = json_array();

	for (unsigned i = 0; i < m->labels; i++)
		json_array_append_new(attributes, attribute(m->label[i].name, m->label[i].value));
	return json_pack("{s:o, s:o, s:o, s:f}", "attributes", attributes, "startTimeUnixNano",
			 time_text(all->start_ms), "timeUnixNano", time_text(all->time_ms),
			 "asDouble", m->value);
}

/* The family of all->metric[*at]; *at becomes the first of the next one. */
static json_t *family(const struct metrics *all, size_t *at)
{
	const struct metric_family *f = all->metric[*at].family;
	json_t *points = json_array(), *data;

	for (; *at < all->count && all->metric[*at].family == f; ++*at)
		json_array_append_new(points, point(all, &all->metric[*at]));
	data = f->counter ? json_pack("{s:o, s:i, s:b}", "dataPoints", points,
				      "aggregationTemporality", CUMULATIVE, "isMonotonic", 1)
			  : json_pack("{s:o}", "dataPoints", points);
	return json_pack("{s:s, s:s, s:o}", "name", f->name, "description", f->help,
			 f->counter ? "sum" : "gauge", data);
}

static int write_otlp(const struct metrics *m, unsigned char **data, size_t *len)
{
	json_t *metrics = json_array(), *root;

	for (size_t at = 0; at < m->count;)
		json_array_append_new(metrics, family(m, &at));
	root = json_pack("{s:[{s:{s:[o, o]}, s:[{s:{s:s, s:s}, s:o}]}]}", "resourceMetrics",
			 "resource", "attributes", attribute("service.name", "pyleak"),
			 attribute("host.name", m->host), "scopeMetrics", "scope", "name", "pyleak",
			 "version", PYLEAK_VERSION, "metrics", metrics);
	*data = root ? (unsigned char *)json_dumps(root, JSON_COMPACT) : NULL;
	json_decref(root);
	if (!*data)
		return -ENOMEM;
	*len = strlen((const char *)*data);
	return 0;
}

const struct exporter exporter_otlp = {
	.name = "otlp",
	.headers = { "Content-Type: application/json" },
	.write = write_otlp,
};
