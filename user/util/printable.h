// SPDX-License-Identifier: Apache-2.0
/*
 * Names that others chose (comm, paths) made safe for a terminal and for one line of text.
 */
#ifndef PYLEAK_UTIL_PRINTABLE_H
#define PYLEAK_UTIL_PRINTABLE_H

#include <stddef.h>

/* Copy at most @len bytes of @text, control characters as '?', into @out of @cap > 0; always
 * terminated. */
static inline void printable_copy(char *out, size_t cap, const char *text, size_t len)
{
	size_t n = 0;

	for (; n < len && n < cap - 1 && text[n]; n++)
		out[n] = (unsigned char)text[n] < 0x20 || text[n] == 0x7f ? '?' : text[n];
	out[n] = '\0';
}

#endif
