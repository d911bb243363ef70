// SPDX-License-Identifier: Apache-2.0
#include "format.h"

#include <string.h>

extern const struct format format_table, format_json, format_folded, format_pprof,
	format_speedscope, format_html;

/* A suffix that ends in another's comes first. */
static const struct format *const formats[] = { &format_table,	&format_speedscope, &format_json,
						&format_folded, &format_pprof,	    &format_html };

#define FORMATS (sizeof(formats) / sizeof(formats[0]))

const struct format *format_by_name(const char *name)
{
	for (size_t i = 0; i < FORMATS; i++)
		if (strcmp(name, formats[i]->name) == 0)
			return formats[i];
	return NULL;
}

/* With something in front of it. */
static bool ends_with(const char *path, const char *suffix)
{
	size_t len = strlen(path), tail = suffix ? strlen(suffix) : 0;

	return tail && len > tail && strcmp(path + len - tail, suffix) == 0;
}

const struct format *format_by_suffix(const char *path)
{
	for (size_t i = 0; i < FORMATS; i++)
		if (ends_with(path, formats[i]->suffix) ||
		    ends_with(path, formats[i]->other_suffix))
			return formats[i];
	return NULL;
}
