// SPDX-License-Identifier: Apache-2.0
#include "paths.h"

#include <string.h>

#include "../util/strbuf.h"
#include "page.h"

/* Where the part to print of a library file begins; NULL for a file of the program's own. */
static const char *library_part(const char *file)
{
	static const char *const marks[] = { "/site-packages/", "/dist-packages/", "/python3." };

	for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++) {
		const char *at = strstr(file, marks[i]);

		if (at)
			return at + 1;
	}
	return NULL;
}

bool paths_is_library(const char *file)
{
	return library_part(file) || strncmp(file, "<frozen ", 8) == 0;
}

/*
 * Shorten @p->common to what it shares with the directory of @file; @first: nothing was there to
 * share with.
 */
static void share(struct paths *p, const char *file, bool *first)
{
	const char *slash = strrchr(file, '/');
	size_t same = 0;

	if (file[0] != '/' || library_part(file))
		return;
	if (*first) {
		memcpy(p->common, file, (size_t)(slash - file) + 1);
		p->common[slash - file + 1] = '\0';
		*first = false;
		return;
	}
	while (p->common[same] && p->common[same] == file[same])
		same++;
	while (same && p->common[same - 1] != '/')
		same--;
	p->common[same] = '\0';
}

/*
 * The last part stays, as the name of what the files are about; a lone "/" is not worth leaving
 * out.
 */
static void drop_last_part(struct paths *p)
{
	size_t len = strlen(p->common);

	if (len)
		len--;
	while (len && p->common[len - 1] != '/')
		len--;
	p->common[len > 1 ? len : 0] = '\0';
}

static void share_candidate(struct paths *p, const struct candidate *c, bool *first)
{
	share(p, c->stored_at.file, first);
	share(p, c->stored_by.file, first);
	for (uint32_t k = 0; k < c->stack.depth && k < REPORT_STACK_MAX; k++)
		share(p, c->stack.frame[k].file, first);
}

void paths_init(struct paths *p, const struct report *r, uint32_t count)
{
	bool first = true;

	p->common[0] = '\0';
	for (uint32_t i = 0; i < count; i++)
		share_candidate(p, &r->candidates[i], &first);
	for (uint32_t i = 0; i < r->line_count; i++)
		share(p, r->lines[i].at.file, &first);
	drop_last_part(p);
}

void paths_init_resources(struct paths *p, const struct resources *r, size_t count)
{
	bool first = true;

	p->common[0] = '\0';
	for (size_t i = 0; i < count; i++)
		share_candidate(p, &r->seen.row[i].about, &first);
	drop_last_part(p);
}

void paths_init_pauses(struct paths *p, const struct pauses *pauses)
{
	bool first = true;

	p->common[0] = '\0';
	for (size_t i = 0; i < pauses->stacks; i++) {
		const struct stack *s = &pauses->stack[i].stack;

		for (uint32_t k = 0; k < s->depth && k < REPORT_STACK_MAX; k++)
			share(p, s->frame[k].file, &first);
	}
	drop_last_part(p);
}

bool paths_same_frame(const struct frame *a, const struct frame *b)
{
	return a->line == b->line && strcmp(a->file, b->file) == 0 &&
	       strcmp(a->function, b->function) == 0;
}

const char *paths_short(const struct paths *p, const char *file)
{
	const char *part = library_part(file);
	size_t len = strlen(p->common);

	if (part)
		return part;
	return len && strncmp(file, p->common, len) == 0 ? file + len : file;
}

static int frame_columns(const struct frame *f, const char *file)
{
	return page_columns(file) + page_columns(f->function) +
	       snprintf(NULL, 0, ":%d in ", f->line);
}

void paths_frame(const struct paths *p, const struct frame *f, int columns, char *buf, size_t cap)
{
	const char *file = paths_short(p, f->file), *whole = file, *slash;
	struct strbuf s;

	strbuf_init(&s, buf, cap);
	if (f->native) {
		slash = strrchr(f->file, '/');
		strbuf_addf(&s, "%s%s%s", slash ? slash + 1 : f->file, f->file[0] ? ": " : "",
			    f->function[0] ? f->function : "?");
		return;
	}
	/* The ellipsis and its slash are up to four columns, where they are ASCII. */
	while (frame_columns(f, file) + (file > whole ? 4 : 0) > columns &&
	       (slash = strchr(file, '/')))
		file = slash + 1;
	if (f->file[0]) {
		strbuf_addf(&s, "%s%s", file > whole ? ELLIPSIS "/" : "", file);
		if (f->line > 0)
			strbuf_addf(&s, ":%d", f->line);
		strbuf_add(&s, " in ");
	}
	strbuf_add(&s, f->function[0] ? f->function : "?");
}
