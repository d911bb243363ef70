// SPDX-License-Identifier: Apache-2.0
#include "finding.h"

#include <stdio.h>
#include <string.h>

#include "../util/strbuf.h"

#define NAME_AT 11 /* columns of "  missing  " */
#define TEXT_AT 34

static const struct {
	const char *word;
	enum page_style style;
} words[] = {
	[WORKS_OK] = { "ok", PAGE_GOOD },
	[WORKS_LIMITED] = { "limited", PAGE_UNSURE },
	[WORKS_MISSING] = { "missing", PAGE_BAD },
	[WORKS_FACT] = { "", PAGE_PLAIN },
};

/*
 * Write @text from column TEXT_AT on, where the line stands, and go on there below; ends the line.
 */
static void put_wrapped(const struct page *p, enum page_style style, const char *text)
{
	char line[PAGE_TEXT_MAX];
	size_t room = (size_t)page_room(p, TEXT_AT);

	while (*text) {
		size_t len = strlen(text);

		if (len > room) {
			len = room;
			while (len > 0 && text[len] != ' ')
				len--;
			if (len ==
			    0) /* a word longer than the line, a path: broken where the line ends */
				len = room;
		}
		snprintf(line, sizeof(line), "%.*s", (int)len, text);
		page_put(p, style, line);
		text += len;
		text += strspn(text, " ");
		fprintf(p->out, "\n%*s", *text ? TEXT_AT : 0, "");
	}
}

void finding_heading(const struct page *p, const char *text)
{
	char clean[PAGE_TEXT_MAX];

	snprintf(clean, sizeof(clean), "%s", text);
	page_clean(p, clean, sizeof(clean));
	page_cut(p, clean, page_room(p, 0));
	page_put(p, PAGE_BOLD, clean);
	fputc('\n', p->out);
}

void finding_print(const struct page *p, enum works works, const char *name, const char *seen,
		   const char *remedy)
{
	char text[PAGE_TEXT_MAX];

	fputs("  ", p->out);
	page_put(p, words[works].style, words[works].word);
	fprintf(p->out, "%*s%-*s", NAME_AT - 2 - (int)strlen(words[works].word), "",
		TEXT_AT - NAME_AT, name);
	snprintf(text, sizeof(text), "%s", *seen ? seen : "-");
	page_clean(p, text, sizeof(text));
	put_wrapped(p, PAGE_PLAIN, text);
	if (!remedy)
		return;
	fprintf(p->out, "%*s", TEXT_AT, "");
	snprintf(text, sizeof(text), "do: %s", remedy);
	page_clean(p, text, sizeof(text));
	put_wrapped(p, PAGE_PLAIN, text);
}
