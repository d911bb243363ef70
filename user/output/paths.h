// SPDX-License-Identifier: Apache-2.0
/*
 * File names short enough to read and still unambiguous. Of a file of Python's own library
 * "python3.N/..." is left, of an installed package "site-packages/..."; of all other files the
 * directory they share, but for its last part, is left out and said once.
 */
#ifndef PYLEAK_OUTPUT_PATHS_H
#define PYLEAK_OUTPUT_PATHS_H

#include <stdbool.h>
#include <stddef.h>

#include "../model/pause.h"
#include "../model/report.h"
#include "../model/resources.h"

struct paths {
	char common[256]; /* ends in '/'; "" where nothing is left out */
};

/* From the files of the first @count candidates of @r, and of its lines. */
void paths_init(struct paths *p, const struct report *r, uint32_t count);

/* From the files of all stacks that tripped collections. */
void paths_init_pauses(struct paths *p, const struct pauses *pauses);

/* From the files of the first @count rows that were seen being made. */
void paths_init_resources(struct paths *p, const struct resources *r, size_t count);

/* Is it a file of Python's own library or of an installed package? */
bool paths_is_library(const char *file);

/* The same line of the same function? */
bool paths_same_frame(const struct frame *a, const struct frame *b);

/* The part of @file to print, inside of @file. */
const char *paths_short(const struct paths *p, const char *file);

/*
 * "app/cache.py:41 in remember", "malloc (native)", "remember" where the file is unknown. Where
 * that is wider than @columns, leading directories are left out, as in "…/sync.py:176 in handle";
 * it may still be wider.
 */
void paths_frame(const struct paths *p, const struct frame *f, int columns, char *buf, size_t cap);

#endif
