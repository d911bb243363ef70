// SPDX-License-Identifier: Apache-2.0
#include "shallow.h"

#include <string.h>

#include "../cpython/dictkeys.h"
#include "../cpython/text.h"

#define ALIGN8(n) (((n) + 7) & ~7ull)
#define CONTAINER_MAX (1ull << 40) /* bytes of one container that are believed */
#define SET_ENTRY 16
#define SET_SMALL 7 /* mask of the table that lies in the set itself */

struct object_bytes {
	const uint8_t *at;
	size_t have;   /* bytes of it that are at hand */
	uint64_t room; /* bytes of its block from there on */
	uint32_t prefix; /* bytes of its block in front of it */
};

static uint64_t word(const struct object_bytes *o, uint32_t offset)
{
	uint64_t w = 0;

	if (offset + sizeof(w) <= o->have)
		memcpy(&w, o->at + offset, sizeof(w));
	return w;
}

static uint64_t believed(uint64_t bytes)
{
	return bytes < CONTAINER_MAX ? bytes : 0;
}

struct keys {
	uint64_t references; /* of the keys object */
	uint64_t slots;	     /* of its hash table */
	uint64_t usable;     /* entries there is room for: USABLE_FRACTION, Objects/dictobject.c */
	uint64_t shared;     /* attributes that instances sharing it have room for */
	uint64_t bytes;
};

static bool read_keys(const struct shallow *s, uint64_t at, struct keys *k)
{
	const struct py_layout *l = s->layout;
	uint8_t head[PY_DICT_KEYS_HEAD] = { 0 };
	struct py_dict_keys keys;
	uint64_t left;

	if (!remote_plausible(at) || !reader_copy(s->reader, at, head, l->dk_indices) ||
	    py_dict_keys_parse(l, head, at, &keys))
		return false;
	memcpy(&k->references, head, sizeof(k->references));
	if (py_has(l->dk_size))
		memcpy(&k->slots, head + l->dk_size, sizeof(k->slots));
	else
		k->slots = 1ull << (head[l->dk_log2_size] & 63);
	k->usable = k->slots * 2 / 3;
	memcpy(&left, head + l->dk_nentries - 8, sizeof(left)); /* dk_usable, in every version */
	k->shared = keys.count + (left < 256 ? left : 0);
	k->bytes = believed(keys.entries - at + k->usable * keys.entry_size);
	return true;
}

static uint64_t dict_bytes(const struct shallow *s, const struct object_bytes *o)
{
	const struct py_layout *l = s->layout;
	uint64_t values = word(o, l->di_values), sum = 0;
	struct keys k;

	if (!read_keys(s, word(o, l->di_keys), &k))
		return 0;
	if (values)
		sum = 8 * (l->minor < 11 ? k.usable : k.shared);
	return sum + (k.references == 1 ? k.bytes : 0);
}

static uint64_t str_bytes(const struct py_layout *l, const struct py_type *type,
			  const struct object_bytes *o)
{
	uint64_t length = word(o, l->us_length), utf8_length, sum;
	struct py_text_state state = py_text_state((uint32_t)word(o, l->us_state));

	if (state.compact && state.ascii)
		return l->us_ascii_data + length + 1;
	utf8_length = word(o, l->us_ascii_data);
	sum = state.compact ? l->us_compact_data : type->kind_size;
	sum += (length + 1) * state.kind;
	/* a copy in UTF-8, where somebody asked for one; of ASCII the text is its own */
	if (word(o, l->us_ascii_data + 8) && !state.ascii)
		sum += utf8_length + 1;
	return sum;
}

static uint64_t int_bytes(const struct py_layout *l, const struct object_bytes *o)
{
	int64_t size = (int64_t)word(o, l->lo_tag);
	uint64_t digits;

	if (l->minor < 12)
		digits = (uint64_t)(size < 0 ? -size : size);
	else
		digits = (uint64_t)size >> 3 ? (uint64_t)size >> 3 : 1;
	return l->lo_digit + 4 * digits;
}

/* tp_basicsize and ob_size items. */
static uint64_t plain_bytes(const struct py_layout *l, const struct py_type *type,
			    const struct object_bytes *o)
{
	uint64_t bytes = type->basicsize, items = word(o, l->ob_size);

	if (type->itemsize && items < o->room)
		bytes += items * type->itemsize;
	return bytes < o->room ? bytes : o->room;
}

/*
 * Attribute values: in 3.13 and later behind the object, struct _dictvalues with its capacity,
 * then one byte a value for their order. Before, in a block of their own with those bytes in front.
 */
static uint64_t values_bytes(const struct shallow *s, const struct py_type *type,
			     const struct object_bytes *o)
{
	const struct py_layout *l = s->layout;
	uint64_t slot = 0, keys = 0;
	uint8_t capacity;
	struct keys k;

	if (!l->facts.managed_dict || !(type->flags & PY_TPFLAGS_MANAGED_DICT))
		return 0;
	if (l->facts.inline_values) {
		if (!(type->flags & PY_TPFLAGS_INLINE_VALUES) ||
		    type->basicsize + l->dv_capacity >= o->have)
			return 0;
		capacity = o->at[type->basicsize + l->dv_capacity];
		slot = l->dv_values + 8ull * capacity + ALIGN8(capacity);
		return type->basicsize + slot <= o->room ? slot : 0;
	}
	if (o->prefix < 32)
		return 0;
	/* 3.11: the pointer to them four words in front; 3.12: three, and tagged with 1 */
	memcpy(&slot, o->at - (l->minor == 11 ? 32 : 24), sizeof(slot));
	if (!slot || (l->minor == 12 && !(slot & 1)) ||
	    !reader_copy(s->reader, type->address + l->ht_cached_keys, &keys, sizeof(keys)) ||
	    !read_keys(s, keys, &k))
		return 0;
	return 8 * k.shared + ALIGN8(k.shared + 2);
}

/* From 3.11 on the frame lies in the generator: locals and stack, as its code has them. */
static uint64_t generator_bytes(const struct shallow *s, const struct object_bytes *o)
{
	const struct py_layout *l = s->layout;
	uint64_t code = word(o, l->ge_iframe + l->fr_code) & ~7ull, bytes;
	uint32_t locals, stack;

	if (!remote_plausible(code) ||
	    !reader_copy(s->reader, code + l->co_nlocalsplus, &locals, sizeof(locals)) ||
	    !reader_copy(s->reader, code + l->co_stacksize, &stack, sizeof(stack)))
		return 0;
	bytes = l->ge_iframe + l->fr_localsplus + 8ull * ((uint64_t)locals + stack);
	return bytes < o->room ? bytes : o->room;
}

static uint64_t type_bytes(const struct shallow *s, uint64_t address)
{
	const struct py_layout *l = s->layout;
	uint64_t keys;
	struct keys k;

	if (reader_copy(s->reader, address + l->ht_cached_keys, &keys, sizeof(keys)) &&
	    read_keys(s, keys, &k))
		return l->ht_size + k.bytes;
	return l->ht_size;
}

/* What belongs to the object and lies elsewhere. */
static uint64_t storage(const struct shallow *s, const struct py_type *type,
			const struct object_bytes *o)
{
	const struct py_layout *l = s->layout;
	uint64_t n;

	switch (type->kind) {
	case KIND_LIST:
		return believed(8 * word(o, l->li_allocated));
	case KIND_DICT:
		return dict_bytes(s, o);
	case KIND_SET:
		n = word(o, l->se_mask);
		return n == SET_SMALL ? 0 : believed((n + 1) * SET_ENTRY);
	case KIND_DEQUE:
		n = word(o, l->dq_leftindex) + word(o, l->ob_size) + l->db_len - 1;
		return believed(n / l->db_len * (l->db_rightlink + 8));
	case KIND_BYTEARRAY:
		n = word(o, l->ba_start - 16); /* ob_alloc, in front of ob_bytes */
		/* from 3.15 on the buffer is a bytes object */
		return believed(n + (l->minor >= 15 && n ? l->by_data + 1 : 0));
	default:
		return 0;
	}
}

uint64_t shallow_bytes(const struct shallow *s, const struct py_type *type,
		       const struct walk_item *b)
{
	const struct object_bytes o = { .at = b->bytes + b->offset,
					.have = b->have - b->offset,
					.room = b->size - b->offset,
					.prefix = b->offset };
	const struct py_layout *l = s->layout;

	if (type->flags & PY_TPFLAGS_UNICODE_SUBCLASS)
		return type->prefix + believed(str_bytes(l, type, &o));
	if (type->flags & PY_TPFLAGS_LONG_SUBCLASS)
		return type->prefix + int_bytes(l, &o);
	if (type->kind == KIND_TYPE)
		return type->prefix + type_bytes(s, b->addr + b->offset);
	if (type->kind == KIND_GENERATOR && py_has(l->ge_iframe))
		return type->prefix + generator_bytes(s, &o);
	return type->prefix + plain_bytes(l, type, &o) + storage(s, type, &o) +
	       values_bytes(s, type, &o);
}
