// SPDX-License-Identifier: Apache-2.0
/*
 * One line per candidate for flame graph programs: the stack of the store, outermost frame first,
 * then the holder, then how many bytes survive under it.
 *
 *	serve (app/server.py:120);remember (app/cache.py:41);module app.cache: SESSIONS 1234567
 */
#include <errno.h>
#include <inttypes.h>

#include "format.h"

/*
 * A part must not hold what separates parts and lines; a holder keeps its spaces, since only the
 * last one counts.
 */
static void put_part(FILE *out, const char *text)
{
	for (; *text; text++) {
		if ((unsigned char)*text < 0x20 || *text == 0x7f)
			fputc('?', out);
		else
			fputc(*text == ';' ? ':' : *text, out);
	}
}

static void put_frame(FILE *out, const struct frame *f)
{
	put_part(out, f->function[0] ? f->function : "?");
	if (f->file[0]) {
		fputs(" (", out);
		put_part(out, f->file);
		if (f->line > 0)
			fprintf(out, ":%d", f->line);
		fputc(')', out);
	}
	fputc(';', out);
}

static int folded_leaks(FILE *out, const struct report *r, const struct format_options *o)
{
	uint32_t count = o->top && o->top < r->count ? o->top : r->count;

	for (uint32_t i = 0; i < count; i++) {
		const struct candidate *c = &r->candidates[i];
		uint32_t depth =
			c->stack.depth < REPORT_STACK_MAX ? c->stack.depth : REPORT_STACK_MAX;

		/* A weight of nothing has no place in a flame graph. */
		if (c->inuse_bytes == UNKNOWN || c->inuse_bytes <= 0)
			continue;
		while (depth)
			put_frame(out, &c->stack.frame[--depth]);
		put_part(out, c->held_by[0] ? c->held_by : "(holder not found)");
		fprintf(out, " %" PRId64 "\n", c->inuse_bytes);
	}
	return ferror(out) ? -EIO : 0;
}

/* The stacks that tripped collections, weighed by the microseconds they stood still for. */
static int folded_pauses(FILE *out, const struct pauses *p, const struct format_options *o)
{
	(void)o;
	for (size_t i = 0; i < p->stacks; i++) {
		const struct pause_stack *s = &p->stack[i];
		uint32_t depth = s->stack.depth;

		if (s->pause_ns < 1000)
			continue;
		while (depth)
			put_frame(out, &s->stack.frame[--depth]);
		fprintf(out, "(collection) %" PRIu64 "\n", s->pause_ns / 1000);
	}
	return ferror(out) ? -EIO : 0;
}

const struct format format_folded = {
	.name = "folded", .suffix = ".folded", .leaks = folded_leaks, .pauses = folded_pauses,
};
