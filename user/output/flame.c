// SPDX-License-Identifier: Apache-2.0
#include "flame.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "../util/grow.h"
#include "../util/units.h"

#define WIDTH 1200.0
#define ROW 20
#define LEAST 0.5  /* narrower frames are not drawn */
#define LETTER 7.2 /* width of one */

int flame_init(struct flame *f)
{
	*f = (struct flame){ 0 };
	if (grow(&f->node, &f->room, 1, sizeof(*f->node)))
		return -ENOMEM;
	f->node[0] = (struct flame_node){ .text = "all" };
	f->count = 1;
	return 0;
}

void flame_release(struct flame *f)
{
	free(f->node);
	*f = (struct flame){ 0 };
}

static bool is_same(const struct flame_node *n, const struct frame *frame, const char *text)
{
	if (!frame || !n->frame)
		return !frame && !n->frame && strcmp(n->text, text) == 0;
	return n->frame->line == frame->line && strcmp(n->frame->function, frame->function) == 0 &&
	       strcmp(n->frame->file, frame->file) == 0;
}

/* The child of @parent for that frame or text, a new one where there is none; 0: no memory. */
static size_t child_of(struct flame *f, size_t parent, const struct frame *frame, const char *text)
{
	size_t at;

	for (at = f->node[parent].child; at; at = f->node[at].next)
		if (is_same(&f->node[at], frame, text))
			return at;
	if (grow(&f->node, &f->room, f->count + 1, sizeof(*f->node)))
		return 0;
	at = f->count++;
	f->node[at] = (struct flame_node){
		.frame = frame, .text = text, .parent = parent, .next = f->node[parent].child
	};
	f->node[parent].child = at;
	return at;
}

int flame_add(struct flame *f, const struct stack *stack, const char *last, uint64_t weight)
{
	uint32_t depth = stack->depth < REPORT_STACK_MAX ? stack->depth : REPORT_STACK_MAX;
	size_t at = 0;

	while (depth) {
		at = child_of(f, at, &stack->frame[--depth], NULL);
		if (!at)
			return -ENOMEM;
	}
	at = child_of(f, at, NULL, last);
	if (!at)
		return -ENOMEM;
	for (; at; at = f->node[at].parent)
		f->node[at].weight += weight;
	f->node[0].weight += weight;
	return 0;
}

void flame_text(FILE *out, const char *text)
{
	for (; *text; text++) {
		if ((unsigned char)*text < 0x20 || *text == 0x7f)
			fputc('?', out);
		else if (strchr("<>&\"'", *text))
			fprintf(out, "&#%d;", *text);
		else
			fputc(*text, out);
	}
}

static unsigned depth_of(const struct flame *f, size_t at)
{
	unsigned depth = 0;

	for (; at; at = f->node[at].parent)
		depth++;
	return depth;
}

static void put_name(FILE *out, const struct flame_node *n)
{
	if (!n->frame) {
		flame_text(out, n->text);
		return;
	}
	flame_text(out, n->frame->function[0] ? n->frame->function : "?");
	if (n->frame->file[0]) {
		fputs(" (", out);
		flame_text(out, n->frame->file);
		if (n->frame->line > 0)
			fprintf(out, ":%d", n->frame->line);
		fputc(')', out);
	}
}

/* As many letters of its name as there is room for, whole characters only. */
static void put_label(FILE *out, const struct flame_node *n, double width)
{
	const char *name = n->frame ? n->frame->function : n->text;
	size_t room = width > 2 * LETTER ? (size_t)(width / LETTER) - 1 : 0;
	char text[520];
	size_t len = 0;

	for (size_t letters = 0; len < sizeof(text) - 4 && name[len]; len++) {
		if (((unsigned char)name[len] & 0xc0) != 0x80 && letters++ == room)
			break;
		text[len] = name[len];
	}
	text[len] = '\0';
	flame_text(out, len ? text : "");
}

static void put_node(const struct flame *f, FILE *out, size_t at, double x, double width,
		     void (*unit)(char *buf, uint64_t weight))
{
	const struct flame_node *n = &f->node[at];
	unsigned y = depth_of(f, at) * ROW;
	char weight[UNITS_TEXT];

	unit(weight, n->weight);
	fprintf(out, "<g class=\"%s\"><title>", !at ? "all" : n->frame ? "frame" : "holder");
	put_name(out, n);
	fprintf(out, ": %s, %.1f %%</title>", weight,
		100.0 * (double)n->weight / (double)f->node[0].weight);
	fprintf(out, "<rect x=\"%.1f\" y=\"%u\" width=\"%.1f\" height=\"%d\"/>", x, y,
		width > 1 ? width - 1 : width, ROW - 1);
	fprintf(out, "<text x=\"%.1f\" y=\"%u\">", x + 4, y + 14);
	put_label(out, n, width);
	fputs("</text></g>\n", out);
}

/* Inside of a node its children lie side by side; depth is bounded by that of stacks. */
static void put_tree(const struct flame *f, FILE *out, size_t at, double x, double width,
		     void (*unit)(char *buf, uint64_t weight))
{
	put_node(f, out, at, x, width, unit);
	for (size_t c = f->node[at].child; c; c = f->node[c].next) {
		double part = width * (double)f->node[c].weight / (double)f->node[at].weight;

		if (part >= LEAST)
			put_tree(f, out, c, x, part, unit);
		x += part;
	}
}

void flame_draw(const struct flame *f, FILE *out, void (*unit)(char *buf, uint64_t weight))
{
	unsigned depth = 0;

	if (!f->node[0].weight)
		return;
	for (size_t i = 0; i < f->count; i++)
		if (depth_of(f, i) > depth)
			depth = depth_of(f, i);
	fprintf(out, "<svg class=\"flame\" viewBox=\"0 0 %.0f %u\" role=\"img\">\n", WIDTH,
		(depth + 1) * ROW);
	put_tree(f, out, 0, 0, WIDTH, unit);
	fputs("</svg>\n", out);
}
