// SPDX-License-Identifier: Apache-2.0
#include "strbuf.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void strbuf_init(struct strbuf *s, char *array, size_t cap)
{
	*s = (struct strbuf){ .text = array, .cap = cap };
	array[0] = '\0';
}

void strbuf_addn(struct strbuf *s, const char *text, size_t n)
{
	size_t room = s->cap - s->len - 1;

	if (n > room) {
		n = room;
		s->cut = true;
	}
	memcpy(s->text + s->len, text, n);
	s->len += n;
	s->text[s->len] = '\0';
}

void strbuf_add(struct strbuf *s, const char *text)
{
	strbuf_addn(s, text, strlen(text));
}

void strbuf_addf(struct strbuf *s, const char *fmt, ...)
{
	size_t room = s->cap - s->len;
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(s->text + s->len, room, fmt, ap);
	va_end(ap);
	if (n < 0)
		return;
	if ((size_t)n >= room) {
		s->cut = true;
		n = (int)room - 1;
	}
	s->len += (size_t)n;
}

void strbuf_truncate(struct strbuf *s, size_t len)
{
	if (len < s->len) {
		s->len = len;
		s->text[len] = '\0';
	}
}

bool strbuf_ends_with(const struct strbuf *s, const char *tail)
{
	size_t n = strlen(tail);

	return n <= s->len && memcmp(s->text + s->len - n, tail, n) == 0;
}
