// SPDX-License-Identifier: Apache-2.0
#include "stack_lines.h"

#include <string.h>

#include "../util/strbuf.h"

#define FRAMES_SHOWN 4
#define NATIVE_BYTES 1024

static bool has_caller_outside(const struct candidate *c)
{
	return c->stored_by.function[0] && !paths_same_frame(&c->stored_by, &c->stored_at);
}

/* On one line where that can be had by leaving out directories. */
static void put_frame(const struct stack_lines *l, const char *label, enum page_style style,
		      const struct frame *f)
{
	int room = page_room(l->page, l->indent + PAGE_LABEL);
	char text[512];

	paths_frame(l->paths, f, room, text, sizeof(text));
	page_field(l->page, l->indent, label, style, text);
}

static void put_more(const struct stack_lines *l, const char *label, uint32_t count,
		     const char *what)
{
	char text[96];
	struct strbuf s;

	strbuf_init(&s, text, sizeof(text));
	strbuf_addf(&s, ELLIPSIS " %u %s", count, what);
	page_field(l->page, l->indent, label, PAGE_QUIET, text);
}

/* How many frames from @at on are of libraries. */
static uint32_t library_frames(const struct candidate *c, uint32_t at, uint32_t depth)
{
	uint32_t n = 0;

	while (at + n < depth && paths_is_library(c->stack.frame[at + n].file))
		n++;
	return n;
}

/* How many frames there are up to @known, itself included; 0 where it is not among them. */
static uint32_t frames_up_to(const struct candidate *c, const struct frame *known, uint32_t depth)
{
	for (uint32_t i = 0; i < depth; i++)
		if (paths_same_frame(&c->stack.frame[i], known))
			return i + 1;
	return 0;
}

/*
 * The frames outside of the one that was printed already. What runs inside of libraries is only
 * counted.
 */
static void put_stack(const struct stack_lines *l, const struct candidate *c)
{
	const struct frame *known = !c->stored_known	     ? &c->allocated_at
				    : has_caller_outside(c) ? &c->stored_by
							    : &c->stored_at;
	bool any = c->stored_known || c->allocated_known;
	const char *label = any ? "called from" : "stack";
	uint32_t depth = c->stack.depth < REPORT_STACK_MAX ? c->stack.depth : REPORT_STACK_MAX;
	uint32_t at = any ? frames_up_to(c, known, depth) : 0, lines = 0;

	for (; at < depth; label = "", lines++) {
		uint32_t run = l->verbose ? 0 : library_frames(c, at, depth);

		/* "1 more" would take the line that the frame itself takes. */
		if (!l->verbose && lines >= FRAMES_SHOWN && depth - at > 1) {
			put_more(l, label, depth - at, "more frames (-v prints them)");
			return;
		}
		if (run > 1)
			put_more(l, label, run, "frames of libraries");
		else
			put_frame(l, label, PAGE_PLAIN, &c->stack.frame[at]);
		at += run > 1 ? run : 1;
	}
	if (c->stack.truncated)
		page_field(l->page, l->indent, label, PAGE_QUIET,
			   ELLIPSIS " and more that were not recorded");
}

/* The C functions that the allocating line called, innermost first. */
static void put_native(const struct stack_lines *l, const struct candidate *c)
{
	const struct frame *before = NULL;
	char text[NATIVE_BYTES];
	struct strbuf s;

	strbuf_init(&s, text, sizeof(text));
	for (uint32_t i = 0; i < c->stack.depth && c->stack.frame[i].native; i++) {
		const struct frame *f = &c->stack.frame[i];
		char name[512];

		paths_frame(l->paths, f, 0, name, sizeof(name));
		if (before && strcmp(before->file, f->file) == 0)
			strbuf_addf(&s, " < %s", f->function[0] ? f->function : "?");
		else
			strbuf_addf(&s, "%s%s", before ? " < " : "", name);
		before = f;
	}
	if (before)
		page_field(l->page, l->indent, "by", PAGE_BOLD, text);
}

void stack_lines_put(const struct stack_lines *l, const char *label, const struct candidate *c)
{
	if (!c->stored_known && c->allocated_known) {
		put_frame(l, "allocated at", PAGE_BOLD, &c->allocated_at);
		put_native(l, c);
	} else if (!c->stored_known) {
		char text[224];
		struct strbuf s;

		strbuf_init(&s, text, sizeof(text));
		strbuf_addf(&s, "not seen%s%s", c->why_no_line[0] ? ": " : "", c->why_no_line);
		page_field(l->page, l->indent, label, PAGE_QUIET, text);
	} else if (has_caller_outside(c)) {
		put_frame(l, label, PAGE_BOLD, &c->stored_by);
		put_frame(l, "through", PAGE_PLAIN, &c->stored_at);
	} else {
		put_frame(l, label, PAGE_BOLD, &c->stored_at);
	}
	put_stack(l, c);
}
