// SPDX-License-Identifier: Apache-2.0
/*
 *	# HELP pyleak_processes Python processes that are watched.
 *	# TYPE pyleak_processes gauge
 *	pyleak_finding_processes{finding="a1b2",service="shop"} 16
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "exporter.h"

static void put_escaped(FILE *out, const char *text)
{
	for (; *text; text++) {
		if (*text == '\\' || *text == '"')
			fprintf(out, "\\%c", *text);
		else if (*text == '\n')
			fputs("\\n", out);
		else
			fputc(*text, out);
	}
}

static void put_metric(FILE *out, const struct metric *m)
{
	fputs(m->family->name, out);
	for (unsigned i = 0; i < m->labels; i++) {
		fprintf(out, "%c%s=\"", i ? ',' : '{', m->label[i].name);
		put_escaped(out, m->label[i].value);
		fputc('"', out);
	}
	fprintf(out, "%s %.17g\n", m->labels ? "}" : "", m->value);
}

static int write_text(const struct metrics *m, unsigned char **data, size_t *len)
{
	char *text = NULL;
	FILE *out = open_memstream(&text, len);

	if (!out)
		return -errno;
	for (size_t i = 0; i < m->count; i++) {
		const struct metric_family *f = m->metric[i].family;

		if (i == 0 || m->metric[i - 1].family != f)
			fprintf(out, "# HELP %s %s\n# TYPE %s %s\n", f->name, f->help, f->name,
				f->counter ? "counter" : "gauge");
		put_metric(out, &m->metric[i]);
	}
	if (fclose(out) != 0) {
		free(text);
		return -ENOMEM;
	}
	*data = (unsigned char *)text;
	return 0;
}

const struct exporter exporter_text = {
	.name = "text",
	.headers = { "Content-Type: text/plain; version=0.0.4; charset=utf-8" },
	.write = write_text,
};
