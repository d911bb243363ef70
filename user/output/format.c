// SPDX-License-Identifier: Apache-2.0
#include "format.h"

#include <string.h>

extern const struct format format_table, format_json, format_folded;

static const struct format *const formats[] = { &format_table, &format_json, &format_folded };

#define FORMATS (sizeof(formats) / sizeof(formats[0]))

const struct format *format_by_name(const char *name)
{
	for (size_t i = 0; i < FORMATS; i++)
		if (strcmp(name, formats[i]->name) == 0)
			return formats[i];
	return NULL;
}

const struct format *format_by_suffix(const char *path)
{
	size_t len = strlen(path);

	for (size_t i = 0; i < FORMATS; i++) {
		size_t tail = formats[i]->suffix ? strlen(formats[i]->suffix) : 0;

		if (tail && len > tail && strcmp(path + len - tail, formats[i]->suffix) == 0)
			return formats[i];
	}
	return NULL;
}
