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
#define HEAD_BYTES 128 /* read at once: nearly every name is in it, whole */

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

static bool is_str(const struct py_layout *l, struct remote *mem, uint64_t type)
{
	uint64_t flags;

	return remote_plausible(type) && remote_u64(mem, type + l->tp_flags, &flags) &&
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

/* A target's own table of offsets may say anything. */
static bool is_in_head(const struct py_layout *l)
{
	const uint32_t most = HEAD_BYTES - 8;

	return l->ob_type <= most && l->us_length <= most && l->us_state <= most &&
	       l->us_ascii_data <= most && l->us_compact_data <= most &&
	       l->us_ascii_data >= l->us_length + 8 && l->us_ascii_data >= l->us_state + 4 &&
	       l->us_ascii_data >= l->ob_type + 8;
}

/* The characters of a str, of which the first are there already. */
struct run {
	uint64_t data, length; /* where, how many */
	unsigned int kind;     /* bytes of each */
	const unsigned char *first;
	size_t first_count;
};

static ssize_t copy_text(struct remote *mem, const struct run *run, char *buf, size_t cap)
{
	unsigned char piece[CHUNK_BYTES];
	size_t len = 0;

	for (uint64_t done = 0; done < run->length;) {
		bool there = !done && run->first_count;
		const unsigned char *chunk = there ? run->first : piece;
		size_t n = there ? run->first_count : CHUNK_BYTES / run->kind;
		int rc = 0;

		if (n > run->length - done)
			n = (size_t)(run->length - done);
		if (!there)
			rc = remote_read(mem, run->data + done * run->kind, piece, n * run->kind);
		if (rc)
			return rc;
		for (size_t i = 0; i < n; i++) {
			char utf8[4];
			size_t bytes = encode(character(chunk, i, run->kind), utf8);

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

/* What the first @have bytes of a str say of it; its address is not in run->data yet. */
static int parse(const struct py_layout *l, struct remote *mem, const unsigned char *head,
		 size_t have, struct run *run)
{
	struct py_text_state s;
	uint64_t type;
	uint32_t word;

	memcpy(&type, head + l->ob_type, sizeof(type));
	memcpy(&run->length, head + l->us_length, sizeof(run->length));
	memcpy(&word, head + l->us_state, sizeof(word));
	s = py_text_state(word);
	if (!is_str(l, mem, type) || !s.compact || (s.kind != 1 && s.kind != 2 && s.kind != 4) ||
	    (s.ascii && s.kind != 1) || run->length >= REMOTE_ADDR_MAX)
		return -EINVAL;
	run->kind = s.kind;
	run->data = s.ascii ? l->us_ascii_data : l->us_compact_data;
	run->first = head + run->data;
	run->first_count = have > run->data ? (have - run->data) / s.kind : 0;
	return 0;
}

ssize_t py_text(const struct py_layout *l, struct remote *mem, uint64_t addr, char *buf, size_t cap)
{
	unsigned char head[HEAD_BYTES];
	struct run run;
	ssize_t have;
	int rc;

	if (!cap)
		return -EINVAL;
	buf[0] = '\0';
	if (!remote_plausible(addr) || !is_in_head(l))
		return -EINVAL;
	have = remote_read_some(mem, addr, head, sizeof(head));
	if (have < (ssize_t)l->us_ascii_data)
		return have < 0 ? (ssize_t)-EINVAL : -EFAULT;
	rc = parse(l, mem, head, (size_t)have, &run);
	if (rc)
		return rc;
	run.data += addr;
	return copy_text(mem, &run, buf, cap);
}
