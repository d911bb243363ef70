// SPDX-License-Identifier: Apache-2.0
#include "page.h"

#include <limits.h>
#include <string.h>

#include "../util/strbuf.h"

#define WIDTH_MIN 40

static const char *const style_codes[] = {
	[PAGE_PLAIN] = "",	   [PAGE_BOLD] = "\033[1m",   [PAGE_QUIET] = "\033[2m",
	[PAGE_BAD] = "\033[1;31m", [PAGE_GOOD] = "\033[1;32m", [PAGE_UNSURE] = "\033[1;33m",
};

/* What pyleak's own texts use beyond ASCII. */
static const struct {
	const char *utf8, *ascii;
} replacements[] = {
	{ ARROW, "->" },
	{ ELLIPSIS, "..." },
	{ "\xc2\xb5", "u" }, /* of microseconds */
	{ "\xc2\xb1", "+" }, /* plus or minus */
	{ "\xc3\x97", "x" }, /* the multiplication sign in "tuple x1,200" */
};

void page_init(struct page *p, FILE *out, const struct format_options *o)
{
	int width = o->width && o->width < WIDTH_MIN ? WIDTH_MIN : o->width;

	*p = (struct page){ .out = out, .width = width, .color = o->color, .ascii = o->ascii };
}

static bool is_continuation(char c)
{
	return (c & 0xc0) == 0x80;
}

int page_columns(const char *text)
{
	int columns = 0;

	for (; *text; text++)
		columns += !is_continuation(*text);
	return columns;
}

int page_room(const struct page *p, int used)
{
	return p->width ? p->width - used : INT_MAX;
}

static const char *ascii_for(const char *at, size_t len)
{
	for (size_t i = 0; i < sizeof(replacements) / sizeof(replacements[0]); i++)
		if (strlen(replacements[i].utf8) == len &&
		    memcmp(at, replacements[i].utf8, len) == 0)
			return replacements[i].ascii;
	return "?";
}

int page_clean(const struct page *p, char *text, size_t cap)
{
	char array[PAGE_TEXT_MAX];
	struct strbuf clean;

	strbuf_init(&clean, array, cap < sizeof(array) ? cap : sizeof(array));
	for (const char *at = text; *at;) {
		size_t len = 1;

		while (is_continuation(at[len]))
			len++;
		if ((unsigned char)*at < 0x20 || *at == 0x7f)
			strbuf_add(&clean, "?");
		else if (p->ascii && (len > 1 || (*at & 0x80)))
			strbuf_add(&clean, ascii_for(at, len));
		else
			strbuf_addn(&clean, at, len);
		at += len;
	}
	memcpy(text, array, clean.len + 1);
	return page_columns(text);
}

/* Bytes of the first @columns columns of @text. */
static size_t bytes_of(const char *text, int columns)
{
	size_t at = 0;

	while (text[at]) {
		if (!is_continuation(text[at]) && columns-- == 0)
			break;
		at++;
	}
	return at;
}

void page_cut(const struct page *p, char *text, int columns)
{
	const char *dots = p->ascii ? "..." : ELLIPSIS;
	int room = columns - page_columns(dots);
	size_t at;

	if (page_columns(text) <= columns || room < 0)
		return;
	/*
	 * Three bytes of dots never outgrow the columns, at least as many bytes, that they replace.
	 */
	at = bytes_of(text, room);
	if (at + strlen(dots) <= strlen(text))
		memcpy(text + at, dots, strlen(dots) + 1);
	else
		text[at] = '\0';
}

void page_put(const struct page *p, enum page_style style, const char *text)
{
	if (p->color && style != PAGE_PLAIN && *text)
		fprintf(p->out, "%s%s\033[0m", style_codes[style], text);
	else
		fputs(text, p->out);
}

/*
 * How many bytes of @text go on a line of @columns: up to a space, or else behind a mark that parts
 * a path.
 */
static size_t line_bytes(const char *text, int columns)
{
	size_t most = bytes_of(text, columns), at;

	if (!text[most] || text[most] == ' ')
		return most;
	for (at = most; at > most / 2; at--)
		if (text[at - 1] == ' ')
			return at;
	for (at = most; at > most / 2; at--)
		if (strchr("/.,]", text[at - 1]))
			return at;
	return most;
}

static void put_wrapped(const struct page *p, int column, enum page_style style, char *text)
{
	int room = page_room(p, column);

	for (;;) {
		size_t n = line_bytes(text, room), end = n;
		char kept = text[n];

		while (end && text[end - 1] == ' ')
			end--;
		text[n] = '\0';
		if (end < n)
			text[end] = '\0';
		page_put(p, style, text);
		fputc('\n', p->out);
		text[n] = kept;
		text += n;
		text += strspn(text, " ");
		if (!*text)
			return;
		fprintf(p->out, "%*s", column, "");
	}
}

void page_rest(const struct page *p, int column, enum page_style style, const char *text)
{
	char array[PAGE_TEXT_MAX];
	struct strbuf copy;

	strbuf_init(&copy, array, sizeof(array));
	strbuf_add(&copy, text);
	page_clean(p, array, sizeof(array));
	if (*array)
		put_wrapped(p, column, style, array);
	else
		fputc('\n', p->out);
}

void page_field(const struct page *p, int indent, const char *label, enum page_style style,
		const char *text)
{
	fprintf(p->out, "%*s", indent, "");
	if (label) {
		page_put(p, PAGE_QUIET, label);
		fprintf(p->out, "%*s", PAGE_LABEL - (int)strlen(label), "");
		indent += PAGE_LABEL;
	}
	page_rest(p, indent, style, text);
}
