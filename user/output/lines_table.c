// SPDX-License-Identifier: Apache-2.0
/*
 *	allocates most, kept or not
 *	    objects/s        bytes/s     kept
 *	        5,412      1.2 MiB/s    0.1 %  app/views.py:31 in render
 */
#include "lines_table.h"

#include <math.h>
#include <stdio.h>

#include "../util/units.h"

#define NUMBERS "%13s  %13s  %7s"
#define NUMBERS_COLUMNS (13 + 2 + 13 + 2 + 7)

static void count_text(char text[UNITS_TEXT], double count)
{
	if (count < 10)
		snprintf(text, UNITS_TEXT, "%.1f", count);
	else
		units_count(text, llround(count));
}

static void put_line(const struct page *p, const struct paths *paths, const struct report *r,
		     const struct allocating_line *l)
{
	char objects[UNITS_TEXT], bytes[UNITS_TEXT], kept[UNITS_TEXT], rate[2 * UNITS_TEXT];
	double all = l->objects_per_second * r->duration_seconds;
	char where[512] = "threads without Python code, or stacks without room";

	count_text(objects, l->objects_per_second);
	units_bytes(bytes, llround(l->bytes_per_second));
	snprintf(rate, sizeof(rate), "%s/s", bytes);
	if (l->inuse_objects == UNKNOWN)
		snprintf(kept, sizeof(kept), "-");
	else
		snprintf(kept, sizeof(kept), "%.1f %%",
			 all > 0 ? fmin(100, 100 * (double)l->inuse_objects / all) : 0);
	fprintf(p->out, NUMBERS "  ", objects, rate, kept);
	if (l->at.function[0])
		paths_frame(paths, &l->at, page_room(p, NUMBERS_COLUMNS + 2), where, sizeof(where));
	page_rest(p, NUMBERS_COLUMNS + 2, PAGE_PLAIN, where);
}

void lines_put(const struct page *p, const struct paths *paths, const struct report *r,
	       bool verbose)
{
	static const char *const of[] = {
		[LINES_OF_ALL] = "",
		[LINES_OF_MALLOC] = " (only what malloc and mmap were asked for)",
		[LINES_OF_INLINED] = " (bytes: only of malloc and mmap)",
	};

	if (!r->line_count)
		return;
	fputc('\n', p->out);
	page_put(p, PAGE_BOLD, "allocates most, kept or not");
	page_put(p, PAGE_QUIET, of[r->lines_of]);
	fprintf(p->out, "\n" NUMBERS "\n", "objects/s", "bytes/s", "kept");
	for (uint32_t i = 0; i < r->line_count && (verbose || i < LINES_SHOWN); i++)
		put_line(p, paths, r, &r->lines[i]);
}
