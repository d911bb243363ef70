// SPDX-License-Identifier: Apache-2.0
/*
 * Remote write 1.0 (prometheus.io, "Prometheus Remote-Write 1.0 specification"): a WriteRequest,
 * compressed with snappy's block format. Labels are sorted by name, as it asks for.
 */
#include <errno.h>
#include <snappy-c.h>
#include <stdlib.h>
#include <string.h>

#include "../util/protobuf.h"
#include "exporter.h"

enum {
	REQUEST_SERIES = 1,

	SERIES_LABEL = 1,
	SERIES_SAMPLE = 2,

	LABEL_NAME = 1,
	LABEL_VALUE = 2,

	SAMPLE_VALUE = 1,
	SAMPLE_TIME = 2,
};

#define OWN_LABELS 3 /* the name of the family, job, instance */

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct metric_label *)a)->name,
		      ((const struct metric_label *)b)->name);
}

static void put_labels(struct protobuf *series, const struct metrics *all, const struct metric *m)
{
	struct metric_label label[METRIC_LABELS_MAX + OWN_LABELS] = {
		{ "__name__", m->family->name }, { "instance", all->host }, { "job", "pyleak" }
	};
	unsigned count = OWN_LABELS + m->labels;
	struct protobuf one = { 0 };

	memcpy(label + OWN_LABELS, m->label, m->labels * sizeof(*label));
	qsort(label, count, sizeof(*label), by_name);
	for (unsigned i = 0; i < count; i++) {
		protobuf_clear(&one);
		protobuf_text(&one, LABEL_NAME, label[i].name);
		protobuf_text(&one, LABEL_VALUE, label[i].value);
		protobuf_message(series, SERIES_LABEL, &one);
	}
	protobuf_release(&one);
}

static void put_series(struct protobuf *request, const struct metrics *all, const struct metric *m)
{
	struct protobuf series = { 0 }, sample = { 0 };

	put_labels(&series, all, m);
	protobuf_double(&sample, SAMPLE_VALUE, m->value);
	protobuf_int(&sample, SAMPLE_TIME, all->time_ms);
	protobuf_message(&series, SERIES_SAMPLE, &sample);
	protobuf_message(request, REQUEST_SERIES, &series);
	protobuf_release(&sample);
	protobuf_release(&series);
}

static int write_request(const struct metrics *m, unsigned char **data, size_t *len)
{
	struct protobuf request = { 0 };
	int err = 0;

	for (size_t i = 0; i < m->count; i++)
		put_series(&request, m, &m->metric[i]);
	*len = snappy_max_compressed_length(request.len);
	*data = request.failed ? NULL : malloc(*len);
	if (!*data)
		err = -ENOMEM;
	else if (snappy_compress((const char *)request.data, request.len, (char *)*data, len) !=
		 SNAPPY_OK)
		err = -EINVAL;
	if (err)
		free(*data);
	protobuf_release(&request);
	return err;
}

const struct exporter exporter_remote_write = {
	.name = "remote_write",
	.headers = { "Content-Type: application/x-protobuf", "Content-Encoding: snappy",
		     "X-Prometheus-Remote-Write-Version: 0.1.0" },
	.write = write_request,
};
