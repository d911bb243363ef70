// SPDX-License-Identifier: Apache-2.0
#include "saved.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "schemas.h"

static const struct {
	const char *schema;
	int (*read)(const struct fields *root, struct saved *s);
} schemas[] = {
	{ "pyleak.report/1", saved_leaks },
	{ "pyleak.gc/1", saved_pauses },
};

#define SCHEMAS (sizeof(schemas) / sizeof(schemas[0]))

static int read_root(struct saved *s, const char *path, json_t *root, struct err *e)
{
	const char *wrong = NULL;
	struct fields fields = { root, &wrong };
	char schema[64];
	int rc = -EINVAL;

	field_text(&fields, "schema", schema, sizeof(schema));
	for (size_t i = 0; i < SCHEMAS; i++) {
		if (strcmp(schema, schemas[i].schema))
			continue;
		rc = schemas[i].read(&fields, s);
		if (!rc && wrong)
			return err_set(e, -EINVAL, EXIT_FAILED,
				       "%s: %s is not as the schema %s has it", path, wrong,
				       schema);
		return rc ? err_set(e, rc, EXIT_FAILED, "not enough memory to read %s", path) : 0;
	}
	return err_set(e, rc, EXIT_FAILED,
		       schema[0] ? "%s: its schema '%s' is not one that can be read: "
				   "pyleak.report/1 or pyleak.gc/1"
				 : "%s is no report of pyleak: it names no schema (%s)",
		       path, schema[0] ? schema : "save one with -o FILE.json");
}

int saved_read(struct saved *s, const char *path, struct err *e)
{
	FILE *in = strcmp(path, "-") ? fopen(path, "r") : stdin;
	json_error_t where;
	struct stat st;
	json_t *root;
	int rc;

	memset(s, 0, sizeof(*s));
	if (!in || fstat(fileno(in), &st))
		rc = err_set(e, -errno, EXIT_FAILED, "cannot read %s: %s", path, strerror(errno));
	else if (st.st_size > SAVED_BYTES_MAX)
		rc = err_set(e, -EFBIG, EXIT_FAILED, "%s has more than %u MiB, as no report has",
			     path, SAVED_BYTES_MAX >> 20);
	else {
		root = json_loadf(in, 0, &where);
		rc = root ? read_root(s, path, root, e)
			  : err_set(e, -EINVAL, EXIT_FAILED, "%s is not JSON: line %d: %s", path,
				    where.line, where.text);
		json_decref(root);
	}
	if (in && in != stdin)
		fclose(in);
	return rc;
}

void saved_release(struct saved *s)
{
	report_release(&s->leaks);
	pauses_release(&s->pauses);
}
