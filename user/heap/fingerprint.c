// SPDX-License-Identifier: Apache-2.0
#include "fingerprint.h"

#include <errno.h>
#include <string.h>

#define PRINT_BYTES 64 /* of content that go into a fingerprint */
#define HEAD_BYTES 192 /* of a pool's block that can go into one, prefixes included */

/* Where the words of an object begin that never change while it lives, and how many bytes of them;
 * 0: none. */
static uint32_t constant_part(const struct types *t, const struct py_type *type, uint32_t *from)
{
	const struct py_layout *l = &t->rt->layout;

	*from = l->ob_size; /* the length, where there is one */
	switch (type->kind) {
	case KIND_LEAF:
		/* hashes are computed late: str's and bytes' lie in front of their text */
		if (type->flags & PY_TPFLAGS_UNICODE_SUBCLASS)
			*from = l->us_ascii_data;
		else if (type->flags & PY_TPFLAGS_BYTES_SUBCLASS)
			*from = l->by_data;
		return PRINT_BYTES;
	case KIND_TUPLE:
		*from = l->tu_item;
		return PRINT_BYTES;
	case KIND_METHOD:
	case KIND_TRACEBACK:
		return 16;
	default:
		return 0;
	}
}

uint16_t fingerprint_of(const struct types *t, const struct py_type *type, const uint8_t *object,
			size_t have)
{
	uint64_t h = type->address * 0x9E3779B97F4A7C15ull, w;
	uint32_t from, len = constant_part(t, type, &from);

	if (len && t->rt->layout.ob_size + 8 <= have) {
		memcpy(&w, object + t->rt->layout.ob_size, sizeof(w));
		h = (h ^ w) * 0xff51afd7ed558ccdull;
	}
	for (uint32_t at = from; at + 8 <= have && at < from + len; at += 8) {
		memcpy(&w, object + at, sizeof(w));
		h = (h ^ w ^ h >> 29) * 0xff51afd7ed558ccdull;
	}
	h ^= h >> 32;
	h = (h ^ h >> 16) & 0xffff;
	return h < PRINT_LEAST ? (uint16_t)(h + PRINT_LEAST) : (uint16_t)h;
}

bool fingerprint_tells(const struct types *t, const struct py_type *type)
{
	uint32_t from;

	return constant_part(t, type, &from) != 0;
}

bool fingerprint_holds(const struct reach *r, uint32_t block)
{
	const struct blocks *b = &r->history->now;
	const struct py_layout *l = &r->rt->layout;
	uint8_t bytes[HEAD_BYTES];
	enum extent_kind kind;
	uint64_t addr, size, word;
	uint32_t offset;
	size_t most, have;
	const struct py_type *type;
	int err;

	if (block >= b->count || b->print[block] < PRINT_LEAST)
		return false;
	addr = blocks_addr(b, block, &size, &kind);
	most = kind == EXTENT_CHUNK ? FINGERPRINT_CHUNK_BYTES : HEAD_BYTES;
	have = size < most ? size : most;
	type = types_get(r->types, b->type[block]);
	offset = types_offset(r->types, b->type[block], size);
	err = remote_read(r->mem, addr, bytes, have);
	if (err || offset + l->ob_type + 8 > have)
		return err == -ESRCH;
	memcpy(&word, bytes + offset + l->ob_type, sizeof(word));
	if (word != type->address)
		return false;
	memcpy(&word, bytes + offset + l->ob_refcnt, sizeof(word));
	if (!word || !fingerprint_tells(r->types, type))
		return word != 0;
	return fingerprint_of(r->types, type, bytes + offset, have - offset) == b->print[block];
}
