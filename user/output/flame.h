// SPDX-License-Identifier: Apache-2.0
/*
 * Weighted stacks, merged from the outermost frame on, drawn as SVG: a row for each depth, widths
 * in proportion, what is inside a frame below it.
 */
#ifndef PYLEAK_OUTPUT_FLAME_H
#define PYLEAK_OUTPUT_FLAME_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "../model/report.h"

struct flame_node {
	const struct frame *frame; /* borrowed; NULL: @text */
	const char *text;	   /* borrowed */
	uint64_t weight;	   /* of this and all that is inside */
	size_t parent, next, child; /* next: beside it; 0: none. Node 0 is the root */
};

struct flame {
	struct flame_node *node; /* owned */
	size_t count, room;
};

int flame_init(struct flame *f); /* 0 or -ENOMEM */
void flame_release(struct flame *f);

/* Add @weight along @stack, and @last inside its innermost frame. 0 or -ENOMEM. */
int flame_add(struct flame *f, const struct stack *stack, const char *last, uint64_t weight);

/* Draw; @unit writes a weight. */
void flame_draw(const struct flame *f, FILE *out, void (*unit)(char *buf, uint64_t weight));

/* Text as HTML and SVG have it: <, >, &, quotes and control characters replaced. */
void flame_text(FILE *out, const char *text);

#endif
