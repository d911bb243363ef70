// SPDX-License-Identifier: Apache-2.0
/*
 * Text of str objects in the target.
 */
#ifndef PYLEAK_CPYTHON_TEXT_H
#define PYLEAK_CPYTHON_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "../target/memory.h"
#include "layout.h"

/* The state word of a str, whose bits text.c draws. */
struct py_text_state {
	unsigned int kind; /* bytes a character */
	unsigned int interned;
	bool compact, ascii;
};

struct py_text_state py_text_state(uint32_t word);

/*
 * The text of the str object at @addr as UTF-8, at most @cap - 1 bytes, always terminated, cut with
 * "..." where it is longer; unprintable characters become '?'. Its length, or -EINVAL where there
 * is no compact str, or -errno of the read.
 */
ssize_t py_text(const struct py_layout *l, struct remote *mem, uint64_t addr, char *buf,
		size_t cap);

#endif
