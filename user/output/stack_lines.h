// SPDX-License-Identifier: Apache-2.0
/*
 * A candidate's line and the stack that leads to it, below its first line.
 */
#ifndef PYLEAK_OUTPUT_STACK_LINES_H
#define PYLEAK_OUTPUT_STACK_LINES_H

#include "page.h"
#include "paths.h"

struct stack_lines {
	const struct page *page;
	const struct paths *paths;
	bool verbose; /* all frames */
	int indent;
};

/*
 * The line that stored, behind @label ("stored at"), or why it is not known; below it the stack.
 */
void stack_lines_put(const struct stack_lines *l, const char *label, const struct candidate *c);

#endif
