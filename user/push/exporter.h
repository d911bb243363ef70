// SPDX-License-Identifier: Apache-2.0
/*
 * One table of functions per way of writing metrics down. An exporter knows only the model. To add
 * one: a file that defines a `const struct exporter`, and a name here.
 */
#ifndef PYLEAK_PUSH_EXPORTER_H
#define PYLEAK_PUSH_EXPORTER_H

#include <stddef.h>

#include "../model/metrics.h"

struct exporter {
	const char *name;
	const char *headers[4]; /* of the HTTP message that carries it, ended by NULL */
	/* 0 and a body that the caller frees, or -errno. */
	int (*write)(const struct metrics *m, unsigned char **data, size_t *len);
};

/* Prometheus' text format 0.0.4; remote write 1.0 (protobuf, snappy); OTLP 1.0 as JSON. */
extern const struct exporter exporter_text, exporter_remote_write, exporter_otlp;

#endif
