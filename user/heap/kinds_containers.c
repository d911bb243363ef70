// SPDX-License-Identifier: Apache-2.0
/*
 * list, tuple, dict, set, deque: exact bounds, and consistent with their storage while the target
 * changes them.
 */
#include <stdio.h>
#include <string.h>

#include "../cpython/text.h"
#include "kinds.h"
#include "members.h"

#define READ_AGAIN 3	       /* times a header and its storage are read until they agree */
#define COUNT_MAX (1ull << 32) /* elements of one container that are believed */
#define CHUNK_ENTRIES 256
#define SMALL_DICT 64 /* keys of larger dicts are data, not names */

static bool word(struct reach *r, const struct object *o, uint64_t addr, uint64_t *value)
{
	return reach_read(r, o, addr, value, sizeof(*value));
}

static bool live(const struct reach *r, const struct object *o)
{
	uint32_t size[WALKS_MAX];

	return o->young || history_sizes(r->history, o->block, size);
}

/* An object whose header and storage must be read live, because it changes. */
static struct object as_live(const struct reach *r, const struct object *o)
{
	struct object now = *o;

	now.young = live(r, o);
	return now;
}

static void visit_list(struct reach *r, const struct object *o)
{
	const struct py_layout *l = &r->rt->layout;
	struct object now = as_live(r, o);
	uint64_t size, items;

	if (!word(r, &now, o->addr + l->ob_size, &size) ||
	    !word(r, &now, o->addr + l->li_item, &items))
		return;
	if (size > COUNT_MAX || !remote_plausible(items))
		return;
	reach_storage(r, o, items);
	reach_words(r, &now, items, size, EDGE_ITEM, 0, EDGE_INDEX_MAX, true);
}

static uint64_t slot_list(struct reach *r, const struct object *o, unsigned index)
{
	uint64_t items;

	return remote_u64(r->mem, o->addr + r->rt->layout.li_item, &items) ? items + 8ull * index
									   : 0;
}

static void label_any_item(struct reach *r, const struct step *s, struct strbuf *out)
{
	unsigned index = s->edge & EDGE_INDEX_MAX;

	(void)r;
	if (s->values && index < EDGE_INDEX_MAX)
		strbuf_addf(out, "[%u]", index);
	else
		strbuf_add(out, "[*]");
}

const struct kind_ops kind_list = { visit_list, label_any_item, slot_list };

static void visit_tuple(struct reach *r, const struct object *o)
{
	const struct py_layout *l = &r->rt->layout;
	uint64_t size, room = (o->start + o->size - o->addr - l->tu_item) / 8;

	if (word(r, o, o->addr + l->ob_size, &size))
		reach_words(r, o, o->addr + l->tu_item, size < room ? size : room, EDGE_ITEM, 0,
			    EDGE_INDEX_MAX, true);
}

static uint64_t slot_tuple(struct reach *r, const struct object *o, unsigned index)
{
	return o->addr + r->rt->layout.tu_item + 8ull * index;
}

static void label_tuple(struct reach *r, const struct step *s, struct strbuf *out)
{
	uint64_t size = reader_word(r->reader, s->parent.addr + r->rt->layout.ob_size);

	if (s->function)
		members_closure_label(r, s->function, s->edge & EDGE_INDEX_MAX, size, out);
	else if (size > 8 && !s->values)
		strbuf_add(out, "[*]");
	else
		strbuf_addf(out, "[%u]", s->edge & EDGE_INDEX_MAX);
}

const struct kind_ops kind_tuple = { visit_tuple, label_tuple, slot_tuple };

bool kinds_dict_keys(struct reach *r, const struct object *o, uint64_t addr,
		     struct py_dict_keys *keys)
{
	uint8_t head[PY_DICT_KEYS_HEAD] = { 0 };

	return remote_plausible(addr) && reach_read(r, o, addr, head, r->rt->layout.dk_indices) &&
	       !py_dict_keys_parse(&r->rt->layout, head, addr, keys) && keys->count < COUNT_MAX;
}

/* Keys and values of a combined table, entry by entry. */
static void visit_entries(struct reach *r, const struct object *now,
			  const struct py_dict_keys *keys)
{
	uint8_t chunk[CHUNK_ENTRIES * 24];

	for (uint64_t done = 0; done < keys->count; done += CHUNK_ENTRIES) {
		uint64_t n =
			keys->count - done < CHUNK_ENTRIES ? keys->count - done : CHUNK_ENTRIES;
		uint64_t at = keys->entries + done * keys->entry_size;

		if (!reach_read(r, now, at, chunk, n * keys->entry_size))
			return;
		for (uint64_t i = 0; i < n; i++, at += keys->entry_size) {
			unsigned index =
				done + i < EDGE_INDEX_MAX ? (unsigned)(done + i) : EDGE_INDEX_MAX;
			uint64_t key, value;

			memcpy(&key, chunk + i * keys->entry_size + keys->key, sizeof(key));
			memcpy(&value, chunk + i * keys->entry_size + keys->value, sizeof(value));
			if (!value)
				continue; /* deleted */
			reach_edge(r, now->block, EDGE_ITEM | index, at + keys->value, value, true);
			reach_edge(r, now->block, EDGE_KEY | index, at + keys->key, key, true);
		}
	}
}

static void visit_dict(struct reach *r, const struct object *o)
{
	const struct py_layout *l = &r->rt->layout;
	struct object now = as_live(r, o);
	struct py_dict_keys keys;
	uint64_t at, values, again;

	for (int try = 0; try < READ_AGAIN; try++) {
		if (!word(r, &now, o->addr + l->di_keys, &at) ||
		    !word(r, &now, o->addr + l->di_values, &values))
			return;
		if (kinds_dict_keys(r, &now, at, &keys)) {
			reach_storage(r, o, at);
			if (!values) {
				visit_entries(r, &now, &keys);
			} else if (remote_plausible(values)) {
				reach_storage(r, o, values);
				values += py_has(l->dv_values) ? l->dv_values : 0;
				reach_words(r, &now, values, keys.count, EDGE_ITEM, 0,
					    EDGE_INDEX_MAX, true);
			}
		}
		/* a table that was replaced meanwhile is read again; what was reached by then stays
		 */
		if (!now.young || !word(r, &now, o->addr + l->di_keys, &again) || again == at)
			return;
	}
}

static uint64_t slot_dict(struct reach *r, const struct object *o, unsigned index)
{
	const struct py_layout *l = &r->rt->layout;
	struct object now = *o;
	struct py_dict_keys keys;
	uint64_t at, values;

	now.young = true;
	if (!word(r, &now, o->addr + l->di_keys, &at) ||
	    !word(r, &now, o->addr + l->di_values, &values) ||
	    !kinds_dict_keys(r, &now, at, &keys) || index >= keys.count)
		return 0;
	if (values)
		return values + (py_has(l->dv_values) ? l->dv_values : 0) + 8ull * index;
	return keys.entries + (uint64_t)index * keys.entry_size + keys.value;
}

/* A key that is a name in code: an interned str that reads like an identifier. */
static bool key_name(struct reach *r, uint64_t key, char *buf, size_t cap)
{
	if (py_text(&r->rt->layout, r->mem, key, buf, cap) <= 0)
		return false;
	for (const char *c = buf; *c; c++)
		if (!(*c == '_' || *c == '-' || *c == '.' || (*c >= '0' && *c <= '9' && c != buf) ||
		      (*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z')))
			return false;
	return true;
}

static void label_dict(struct reach *r, const struct step *s, struct strbuf *out)
{
	unsigned index = s->edge & EDGE_INDEX_MAX;
	uint64_t at = reader_word(r->reader, s->parent.addr + r->rt->layout.di_keys);
	struct py_dict_keys keys;
	char name[64] = "";
	uint64_t key;
	bool named;

	if (!kinds_dict_keys(r, &s->parent, at, &keys)) {
		strbuf_add(out, "[*]");
		return;
	}
	key = keys.entries + (uint64_t)index * keys.entry_size + keys.key;
	key = index < keys.count && index < EDGE_INDEX_MAX ? reader_word(r->reader, key) : 0;
	named = key && (s->namespace || keys.count <= SMALL_DICT || s->values) &&
		(key_name(r, key, name, sizeof(name)) || s->values) && name[0];
	if (s->edge & EDGE_KEY)
		strbuf_add(out, "{key}");
	else if (s->namespace && named)
		strbuf_addf(out, "%s%s", s->first ? "" : ".", name);
	else if (named)
		strbuf_addf(out, "['%s']", name);
	else
		strbuf_add(out, "[*]");
}

const struct kind_ops kind_dict = { visit_dict, label_dict, slot_dict };

/* A set's table: {key, hash} entries; the first eight lie in the object until it grows. */
static void visit_set(struct reach *r, const struct object *o)
{
	const struct py_layout *l = &r->rt->layout;
	struct object now = as_live(r, o);
	uint64_t mask, table, pair[CHUNK_ENTRIES][2];

	if (!word(r, &now, o->addr + l->se_mask, &mask) ||
	    !word(r, &now, o->addr + l->se_table, &table))
		return;
	if (mask >= COUNT_MAX || mask & (mask + 1) || !remote_plausible(table))
		return;
	if (table != o->addr + l->se_smalltable)
		reach_storage(r, o, table);
	for (uint64_t done = 0; done <= mask; done += CHUNK_ENTRIES) {
		uint64_t n = mask + 1 - done < CHUNK_ENTRIES ? mask + 1 - done : CHUNK_ENTRIES;

		if (!reach_read(r, &now, table + done * 16, pair, n * 16))
			return;
		for (uint64_t i = 0; i < n; i++)
			if (pair[i][0])
				reach_edge(r, o->block, EDGE_ITEM, table + (done + i) * 16,
					   pair[i][0], true);
	}
}

static void label_set(struct reach *r, const struct step *s, struct strbuf *out)
{
	(void)r;
	(void)s;
	strbuf_add(out, "{elem}");
}

static uint64_t slot_none(struct reach *r, const struct object *o, unsigned index)
{
	(void)r;
	(void)o;
	(void)index;
	return 0;
}

const struct kind_ops kind_set = { visit_set, label_set, slot_none };

/*
 * A deque's blocks: leftlink, 64 elements, rightlink. Elements lie from leftindex of the leftmost
 * block on, ob_size of them. Modules/_collectionsmodule.c.
 */
static void visit_deque(struct reach *r, const struct object *o)
{
	const struct py_layout *l = &r->rt->layout;
	struct object now = as_live(r, o);
	uint64_t left, block, index, seen = 0;

	if (!word(r, &now, o->addr + l->ob_size, &left) ||
	    !word(r, &now, o->addr + l->dq_leftblock, &block) ||
	    !word(r, &now, o->addr + l->dq_leftindex, &index))
		return;
	for (uint64_t i = 0;
	     left && left < COUNT_MAX && index < l->db_len && remote_plausible(block); i++) {
		uint64_t n = l->db_len - index < left ? l->db_len - index : left;

		reach_storage(r, o, block);
		reach_words(r, &now, block + l->db_data + index * 8, n, EDGE_ITEM, i * l->db_len,
			    EDGE_INDEX_MAX, true);
		left -= n;
		index = 0;
		if (left && (!word(r, &now, block + l->db_rightlink, &block) || block == seen))
			return; /* a ring is met again at the latest after twice its length */
		if (!(i & (i + 1)))
			seen = block;
	}
}

const struct kind_ops kind_deque = { visit_deque, label_any_item, slot_none };
