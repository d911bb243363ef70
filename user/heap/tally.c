// SPDX-License-Identifier: Apache-2.0
#include "tally.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../cpython/refcount.h"
#include "../cpython/text.h"
#include "../util/grow.h"

static void add(struct tally_sum *sum, uint64_t bytes)
{
	sum->objects++;
	sum->bytes += bytes;
}

static uint64_t word(const uint8_t *bytes, size_t offset)
{
	uint64_t w;

	memcpy(&w, bytes + offset, sizeof(w));
	return w;
}

static unsigned size_class(uint64_t bytes)
{
	unsigned class = 0;

	while (class + 1 < TALLY_SIZES && 1ull << class < bytes)
		class++;
	return class;
}

/*
 * An object that was deallocated and kept keeps its ob_type. Its reference count is 0; from 3.14 on
 * the next one of the list lies in its place (Include/internal/pycore_freelist.h).
 */
static bool is_kept(const struct tally *t, const struct walk_item *b)
{
	const struct py_layout *l = t->shallow.layout;

	for (uint32_t prefix = 0; prefix <= 32 && prefix + 16 <= b->have; prefix += 16) {
		uint64_t first = word(b->bytes, prefix), at = word(b->bytes, prefix + 8), next;
		const struct py_type *type;

		if (first && (l->minor < 14 || !remote_plausible(first)))
			continue;
		type = types_get(t->types, types_known(t->types, at));
		if (!type->address || type->prefix != prefix || type->least > b->size ||
		    type->flags & PY_TPFLAGS_HEAPTYPE)
			continue;
		if (!first || (reader_copy(t->shallow.reader, first + 8, &next, sizeof(next)) &&
			       next == at))
			return true;
	}
	return false;
}

static void count_raw(struct tally *t, const struct walk_item *b)
{
	if (is_kept(t, b)) {
		add(&t->apart[TALLY_KEPT], b->size);
		return;
	}
	t->raw_blocks++;
	t->raw_bytes += b->size;
}

static void count_block(void *arg, const struct walk_item *b)
{
	struct tally *t = arg;
	const struct py_type *type = types_get(t->types, b->type);
	const uint8_t *object = b->bytes + b->offset;
	const struct py_layout *l = t->shallow.layout;
	uint64_t bytes;

	if (b->type == TYPE_NONE) {
		count_raw(t, b);
		return;
	}
	if (b->type >= t->counted) {
		if (grow(&t->type, &t->type_cap, b->type + 1, sizeof(*t->type)) ||
		    grow(&t->tracked, &t->tracked_cap, b->type + 1, sizeof(*t->tracked))) {
			t->err = -ENOMEM;
			return;
		}
		for (; t->counted <= b->type; t->counted++) {
			t->type[t->counted] = (struct tally_sum){ 0 };
			t->tracked[t->counted] = 0;
		}
	}
	bytes = shallow_bytes(&t->shallow, type, b);
	add(&t->type[b->type], bytes);
	t->tracked[b->type] += b->birth & BIRTH_TRACKED ? 1 : 0;
	add(&t->size[size_class(bytes)], bytes);
	add(&t->birth[b->birth & BIRTH_WALK], bytes);
	if (py_is_immortal(l, word(object, l->ob_refcnt)))
		add(&t->apart[TALLY_IMMORTAL], bytes);
	if (type->flags & PY_TPFLAGS_UNICODE_SUBCLASS &&
	    py_text_state((uint32_t)word(object, l->us_state)).interned)
		add(&t->apart[TALLY_INTERNED], bytes);
}

void tally_init(struct tally *t, const struct types *types, struct reader *reader)
{
	*t = (struct tally){ .types = types };
	t->shallow = (struct shallow){ .layout = &types->rt->layout, .reader = reader };
	t->sink = (struct walk_sink){ .block = count_block, .arg = t };
}

void tally_release(struct tally *t)
{
	free(t->type);
	free(t->tracked);
	*t = (struct tally){ 0 };
}

void tally_begin(struct tally *t)
{
	reader_drop(t->shallow.reader);
	memset(t->size, 0, sizeof(t->size));
	memset(t->birth, 0, sizeof(t->birth));
	memset(t->apart, 0, sizeof(t->apart));
	t->raw_blocks = t->raw_bytes = 0;
	t->counted = 0;
}
