// SPDX-License-Identifier: Apache-2.0
/*
 * A compact str is one block (PEP 393, Include/cpython/unicodeobject.h):
 *
 *	ob_base | length | hash | state | data ...	ASCII only; data at us_ascii_data
 *	ob_base | length | hash | state | utf8_length | utf8 | data ...
 *							data at us_compact_data, of 1, 2 or 4 bytes
 *
 * The bits of state are, from the lowest, interned:2 kind:3 compact:1 ascii:1; since 3.14 interned
 * has 16 bits of its own and the others follow it.
 */
#include "text.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#define CHUNK_BYTES 512

/*
 * Which of the two arrangements a state word has shows by itself: kind is never 0 in a str that is
 * ready, and the wide interned is at most 3.
 */
struct py_text_state py_text_state(uint32_t word)
{
	uint32_t bits = (word & 0xffff) <= 3 ? word >> 16 : (word >> 2);

	return (struct py_text_state){
		.interned = word & 3,
		.kind = bits & 7,
		.compact = (bits >> 3) & 1,
		.ascii = (bits >> 4) & 1,
	};
}

static bool is_str(const struct py_layout *l, struct remote *mem, uint64_t addr)
{
	uint64_t type, flags;

	return remote_plausible(addr) && remote_u64(mem, addr + l->ob_type, &type) &&
	       remote_plausible(type) && remote_u64(mem, type + l->tp_flags, &flags) &&
	       (flags & PY_TPFLAGS_UNICODE_SUBCLASS);
}

/*
 * Control characters would reach the terminal of whoever reads the report, and direction marks
 * would reorder its text; lone surrogates have no UTF-8.
 */
static bool is_printable(uint32_t c)
{
	if (c < 0x20 || (c >= 0x7f && c < 0xa0))
		return false;
	if ((c >= 0x200b && c <= 0x200f) || (c >= 0x2028 && c <= 0x202e) ||
	    (c >= 0x2060 && c <= 0x206f))
		return false;
	return !(c >= 0xd800 && c < 0xe000) && c != 0xfeff && c < 0x110000;
}

static size_t encode(uint32_t c, char out[4])
{
	if (!is_printable(c))
		c = '?';
	if (c < 0x80) {
		out[0] = (char)c;
		return 1;
	}
	if (c < 0x800) {
		out[0] = (char)(0xc0 | c >> 6);
		out[1] = (char)(0x80 | (c & 0x3f));
		return 2;
	}
	if (c < 0x10000) {
		out[0] = (char)(0xe0 | c >> 12);
		out[1] = (char)(0x80 | (c >> 6 & 0x3f));
		out[2] = (char)(0x80 | (c & 0x3f));
		return 3;
	}
	out[0] = (char)(0xf0 | c >> 18);
	out[1] = (char)(0x80 | (c >> 12 & 0x3f));
	out[2] = (char)(0x80 | (c >> 6 & 0x3f));
	out[3] = (char)(0x80 | (c & 0x3f));
	return 4;
}

static uint32_t character(const unsigned char *chunk, size_t index, unsigned int kind)
{
	uint32_t c = 0;

	memcpy(&c, chunk + index * kind, kind);
	return c;
}

/* End the text in "..." without cutting a character in two. */
static size_t cut(char *buf, size_t len, size_t cap)
{
	size_t dots = cap - 1 < 3 ? cap - 1 : 3;

	if (len > cap - 1 - dots)
		len = cap - 1 - dots;
	while (len && (buf[len] & 0xc0) == 0x80)
		len--;
	memcpy(buf + len, "...", dots);
	buf[len + dots] = '\0';
	return len + dots;
}

static ssize_t copy_text(struct remote *mem, uint64_t data, uint64_t length, unsigned int kind,
			 char *buf, size_t cap)
{
	unsigned char chunk[CHUNK_BYTES];
	size_t len = 0;

	for (uint64_t done = 0; done < length;) {
		size_t n = CHUNK_BYTES / kind;
		int rc;

		if (n > length - done)
			n = (size_t)(length - done);
		rc = remote_read(mem, data + done * kind, chunk, n * kind);
		if (rc)
			return rc;
		for (size_t i = 0; i < n; i++) {
			char utf8[4];
			size_t bytes = encode(character(chunk, i, kind), utf8);

			if (len + bytes > cap - 1) {
				/* cut() looks at this byte to find the start of a character. */
				buf[len] = '\0';
				return (ssize_t)cut(buf, len, cap);
			}
			memcpy(buf + len, utf8, bytes);
			len += bytes;
		}
		done += n;
	}
	buf[len] = '\0';
	return (ssize_t)len;
}

ssize_t py_text(const struct py_layout *l, struct remote *mem, uint64_t addr, char *buf, size_t cap)
{
	uint64_t length;
	uint32_t word;
	struct py_text_state s;

	if (!cap)
		return -EINVAL;
	buf[0] = '\0';
	if (!is_str(l, mem, addr))
		return -EINVAL;
	if (!remote_u64(mem, addr + l->us_length, &length) ||
	    !remote_u32(mem, addr + l->us_state, &word))
		return -EFAULT;
	s = py_text_state(word);
	if (!s.compact || (s.kind != 1 && s.kind != 2 && s.kind != 4) || (s.ascii && s.kind != 1) ||
	    length >= REMOTE_ADDR_MAX)
		return -EINVAL;
	return copy_text(mem, addr + (s.ascii ? l->us_ascii_data : l->us_compact_data), length,
			 s.kind, buf, cap);
}
