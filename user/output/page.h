// SPDX-License-Identifier: Apache-2.0
/*
 * Text for a person: lines of a label and a text, wrapped under themselves at the width of the
 * page.
 *
 *	   stored at    app/cache.py:41 in remember
 *	   holds        tuple x1200, str x1200
 *	|  |            |
 *	|  indent       indent + PAGE_LABEL
 *
 * What is printed comes from the target: control characters become '?', and where the reader's
 * locale is not UTF-8 all that is not ASCII is replaced. A column is a character; those of double
 * width are not told apart.
 */
#ifndef PYLEAK_OUTPUT_PAGE_H
#define PYLEAK_OUTPUT_PAGE_H

#include <stddef.h>

#include "format.h"

#define PAGE_LABEL 13
#define PAGE_TEXT_MAX 2048

/* In UTF-8; page_clean() turns them into "->" and "..." for readers whose locale is another. */
#define ARROW "\xe2\x86\x92"
#define ELLIPSIS "\xe2\x80\xa6"

enum page_style { PAGE_PLAIN, PAGE_BOLD, PAGE_QUIET, PAGE_BAD, PAGE_GOOD, PAGE_UNSURE };

struct page {
	FILE *out;
	int width; /* 0: unlimited, else at least 40 */
	bool color, ascii;
};

void page_init(struct page *p, FILE *out, const struct format_options *o);

/* Make @text fit for this page, in place of @cap bytes, and return its columns. */
int page_clean(const struct page *p, char *text, size_t cap);

/* Shorten clean @text to @columns with an ellipsis at its end. */
void page_cut(const struct page *p, char *text, int columns);

/*
 * Columns of clean text, and what is left of a line behind @used columns; INT_MAX where the page
 * has no width.
 */
int page_columns(const char *text);
int page_room(const struct page *p, int used);

/* Write @text in @style where it stands, without wrapping. */
void page_put(const struct page *p, enum page_style style, const char *text);

/*
 * One field: @label ("" for none) at @indent, then @text in @style, wrapped. With a NULL label the
 * text itself begins at @indent. @text is copied and made clean.
 */
void page_field(const struct page *p, int indent, const char *label, enum page_style style,
		const char *text);

/* The rest of a line of which @column columns are written, wrapped under itself. */
void page_rest(const struct page *p, int column, enum page_style style, const char *text);

#endif
