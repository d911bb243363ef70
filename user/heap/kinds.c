// SPDX-License-Identifier: Apache-2.0
#include "kinds.h"

#include <stdio.h>
#include <string.h>

#include "../cpython/text.h"
#include "members.h"

#define HEADER 16		   /* ob_refcnt, ob_type */
#define RAW_SEARCHED (16ull << 20) /* of one raw block; what lies behind is counted */
#define VALUES_MAX 64		   /* cached keys of a type: SHARED_KEYS_MAX_SIZE is 30 */
#define FIELD_MAX 0x3fff

static void visit_words(struct reach *r, const struct object *o, uint32_t from, uint32_t to,
			bool is_object)
{
	uint64_t room = o->start + o->size - o->addr;
	uint32_t skip[2] = { 0, 0 };

	if (o->type->weaklistoffset > 0)
		skip[0] = (uint32_t)o->type->weaklistoffset;
	if (o->type->dictoffset > 0)
		skip[1] = (uint32_t)o->type->dictoffset;
	if (to > room)
		to = (uint32_t)room;
	while (from + 8 <= to) {
		uint32_t end = to;

		for (int i = 0; i < 2; i++)
			if (skip[i] >= from && skip[i] < end)
				end = skip[i];
		if (end - from >= 8)
			reach_words(r, o, o->addr + from, (end - from) / 8, EDGE_FIELD, from / 8,
				    FIELD_MAX, is_object);
		from = end + 8;
		if (end == to)
			break;
	}
}

void kinds_visit_fields(struct reach *r, const struct object *o, uint32_t from, uint32_t to)
{
	visit_words(r, o, from, to, false);
}

void kinds_visit_references(struct reach *r, const struct object *o, uint32_t from, uint32_t to)
{
	visit_words(r, o, from, to, true);
}

/* Address of the word that points to the object's __dict__; 0 where the type has none. */
static uint64_t attributes_dict(const struct py_layout *l, const struct object *o)
{
	if (l->facts.managed_dict && o->type->flags & PY_TPFLAGS_MANAGED_DICT)
		return o->addr - 24;
	return o->type->dictoffset > 0 ? o->addr + (uint32_t)o->type->dictoffset : 0;
}

/* Where the attribute values of @o begin, and how many fit; 0 where it has none of its own. */
static uint64_t values_of(struct reach *r, const struct object *o, uint8_t *capacity)
{
	const struct py_layout *l = &r->rt->layout;
	uint64_t at = o->addr + o->type->basicsize, values;
	uint8_t head[8];

	*capacity = VALUES_MAX;
	if (l->facts.inline_values) {
		/* behind the object: capacity, size, embedded, valid (struct _dictvalues) */
		if (!(o->type->flags & PY_TPFLAGS_INLINE_VALUES) || at + 8 > o->start + o->size ||
		    !reach_read(r, o, at, head, sizeof(head)) || !head[3])
			return 0;
		*capacity = head[l->dv_capacity];
		return at + l->dv_values;
	}
	if (l->minor == 11) /* values pointer four words before the object, dict pointer three */
		return reach_read(r, o, o->addr - 32, &values, sizeof(values)) ? values : 0;
	/* 3.12: one word for both, three before the object; values are tagged with 1, and point one
	 * byte low */
	if (!reach_read(r, o, o->addr - 24, &values, sizeof(values)) || !(values & 1))
		return 0;
	return values + 1;
}

uint64_t kinds_attribute_values(struct reach *r, const struct object *o, uint64_t *count)
{
	const struct py_layout *l = &r->rt->layout;
	struct py_dict_keys keys;
	uint64_t values, keys_at;
	uint8_t capacity;

	if (!o->type || !l->facts.managed_dict || !(o->type->flags & PY_TPFLAGS_MANAGED_DICT))
		return 0;
	values = values_of(r, o, &capacity);
	if (!remote_plausible(values) ||
	    !reach_read(r, o, o->type->address + l->ht_cached_keys, &keys_at, 8) ||
	    !kinds_dict_keys(r, o, keys_at, &keys))
		return 0;
	*count = keys.count < capacity ? keys.count : capacity;
	return values;
}

void kinds_visit_attributes(struct reach *r, const struct object *o)
{
	const struct py_layout *l = &r->rt->layout;
	uint64_t count, dict, at, values = kinds_attribute_values(r, o, &count);

	if (values) {
		if (!l->facts.inline_values)
			reach_storage(r, o, values);
		reach_words(r, o, values, count < VALUES_MAX ? count : VALUES_MAX, EDGE_VALUE, 0,
			    EDGE_VALUE_MAX, true);
	}
	at = attributes_dict(l, o);
	if (at && reach_read(r, o, at, &dict, sizeof(dict)) && dict && !(dict & 1))
		reach_edge(r, o->block, EDGE_DICT, at, dict, true);
}

bool kinds_attribute_name(struct reach *r, const struct object *o, unsigned index, char *buf,
			  size_t cap)
{
	struct py_dict_keys keys;
	uint64_t at;

	if (!o->type)
		return false;
	at = reader_word(r->reader, o->type->address + r->rt->layout.ht_cached_keys);
	if (!kinds_dict_keys(r, o, at, &keys) || index >= keys.count)
		return false;
	at = reader_word(r->reader, keys.entries + (uint64_t)index * keys.entry_size + keys.key);
	return py_text(&r->rt->layout, r->mem, at, buf, cap) > 0;
}

static void visit_object(struct reach *r, const struct object *o)
{
	uint64_t end = o->type->basicsize, items;

	if (o->type->itemsize &&
	    reach_read(r, o, o->addr + r->rt->layout.ob_size, &items, sizeof(items)) &&
	    items < 1u << 28)
		end += items * o->type->itemsize;
	kinds_visit_fields(r, o, HEADER, end > UINT32_MAX ? UINT32_MAX : (uint32_t)end);
	kinds_visit_attributes(r, o);
}

static void visit_type(struct reach *r, const struct object *o)
{
	/* tp_subclasses and tp_cache hold weak references and shortcuts; what a class owns is
	 * behind tp_dict, tp_bases, ... */
	kinds_visit_fields(r, o, HEADER, o->type->basicsize);
	kinds_visit_attributes(r, o);
}

static void visit_nothing(struct reach *r, const struct object *o)
{
	(void)r;
	(void)o;
}

static const struct kind_ops kind_object = { visit_object, NULL, NULL },
			     kind_leaf = { visit_nothing, NULL, NULL },
			     kind_type = { visit_type, NULL, NULL };

static const struct kind_ops *const kinds[KIND_COUNT] = {
	[KIND_OBJECT] = &kind_object,
	[KIND_LEAF] = &kind_leaf,
	[KIND_LIST] = &kind_list,
	[KIND_TUPLE] = &kind_tuple,
	[KIND_DICT] = &kind_dict,
	[KIND_SET] = &kind_set,
	[KIND_DEQUE] = &kind_deque,
	[KIND_TYPE] = &kind_type,
	[KIND_FUNCTION] = &kind_object,
	[KIND_METHOD] = &kind_object,
	[KIND_CELL] = &kind_object,
	[KIND_CODE] = &kind_code,
	[KIND_FRAME] = &kind_frame,
	[KIND_GENERATOR] = &kind_generator,
	[KIND_EXCEPTION] = &kind_object,
	[KIND_TRACEBACK] = &kind_object,
	[KIND_MODULE] = &kind_object,
	[KIND_WEAKREF] = &kind_weakref,
	[KIND_LRU] = &kind_lru,
	[KIND_LRU_LINK] = &kind_lru_link,
	[KIND_BYTEARRAY] = &kind_bytearray,
};

static bool is_container(const struct py_type *type)
{
	return type->kind == KIND_LIST || type->kind == KIND_TUPLE || type->kind == KIND_DICT ||
	       type->kind == KIND_SET || type->kind == KIND_DEQUE;
}

void kinds_visit(struct reach *r, const struct object *o)
{
	uint64_t searched = o->size < RAW_SEARCHED ? o->size : RAW_SEARCHED;

	if (!o->type) {
		r->raw_skipped_bytes += o->size - searched;
		reach_words(r, o, o->addr, searched / 8, EDGE_FIELD, 0, FIELD_MAX, false);
		return;
	}
	kinds[o->type->kind]->visit(r, o);
	if (!is_container(o->type) || o->type->basicsize == o->type->kind_size)
		return;
	/* a subclass: its own fields lie behind those of the container */
	if (!o->type->itemsize)
		kinds_visit_references(r, o, o->type->kind_size, o->type->basicsize);
	kinds_visit_attributes(r, o);
}

void kinds_label(struct reach *r, const struct step *s, struct strbuf *out)
{
	const struct kind_ops *ops = s->parent.type ? kinds[s->parent.type->kind] : NULL;
	char name[64];

	if (s->edge == EDGE_DICT || s->edge == EDGE_STORAGE)
		return;
	if (s->edge == EDGE_CLASS) {
		strbuf_add(out, ".__class__");
	} else if (s->edge >= EDGE_VALUE && s->edge < EDGE_LOCAL) {
		if (kinds_attribute_name(r, &s->parent, s->edge & EDGE_VALUE_MAX, name,
					 sizeof(name)))
			strbuf_addf(out, ".%s", name);
		else
			strbuf_add(out, ".?");
	} else if ((s->edge & 0xc000) == EDGE_FIELD) {
		members_label(r, &s->parent, 8 * (s->edge & FIELD_MAX), out);
	} else if (ops && ops->label) {
		ops->label(r, s, out);
	}
}

uint64_t kinds_slot(struct reach *r, const struct object *o, unsigned edge)
{
	const struct py_layout *l = &r->rt->layout;
	uint64_t count, values;
	unsigned index = edge & EDGE_INDEX_MAX;

	if ((edge & 0xc000) == EDGE_FIELD)
		return index < FIELD_MAX ? o->addr + 8ull * index : 0;
	if ((edge & 0xc000) == EDGE_ITEM)
		return o->type && kinds[o->type->kind]->slot && index < EDGE_INDEX_MAX
			       ? kinds[o->type->kind]->slot(r, o, index)
			       : 0;
	if (edge >= EDGE_VALUE && edge < EDGE_LOCAL) {
		values = kinds_attribute_values(r, o, &count);
		index = edge & EDGE_VALUE_MAX;
		return values && index < count ? values + 8ull * index : 0;
	}
	if (edge == EDGE_DICT && o->type)
		return attributes_dict(l, o);
	return 0;
}

uint64_t kinds_size_word(const struct reach *r, const struct object *o)
{
	uint32_t offset = o->type ? types_size_word(r->types, o->type) : 0;

	return offset ? o->addr + offset : 0;
}
