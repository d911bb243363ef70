// SPDX-License-Identifier: Apache-2.0
/*
 * Text in a caller's array that never overflows.
 *
 * Invariant: text is NUL-terminated and len < cap, always. What does not fit is cut at the end and
 * `cut` is set; nothing is allocated, so there is nothing to release.
 */
#ifndef PYLEAK_UTIL_STRBUF_H
#define PYLEAK_UTIL_STRBUF_H

#include <stdbool.h>
#include <stddef.h>

struct strbuf {
	char *text;
	size_t cap;
	size_t len;
	bool cut;
};

/* Begin an empty text in @array of @cap > 0 bytes. */
void strbuf_init(struct strbuf *s, char *array, size_t cap);
void strbuf_add(struct strbuf *s, const char *text);
void strbuf_addn(struct strbuf *s, const char *text, size_t n);
void strbuf_addf(struct strbuf *s, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Shorten to @len bytes; does nothing where the text is no longer than that. */
void strbuf_truncate(struct strbuf *s, size_t len);
bool strbuf_ends_with(const struct strbuf *s, const char *tail);

#endif
