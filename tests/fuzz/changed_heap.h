// SPDX-License-Identifier: Apache-2.0
/*
 * A small heap of any layout with words changed before and between walks, for fuzzers of what reads
 * heaps. Input: u8 the minor version; then changes of 8 bytes each:
 *
 *	u8 how | u8 after which walk | u16 where | u32 what
 */
#ifndef PYLEAK_TESTS_CHANGED_HEAP_H
#define PYLEAK_TESTS_CHANGED_HEAP_H

#include <stdint.h>
#include <string.h>

#include "fake_asserts.h"

#include "../unit/fake_heap.h"

#define CHANGE 8
#define CHANGES_MAX 64

/* A module that has one of everything. */
static inline void populate(struct fake_heap *h)
{
	const struct py_layout *l = &h->rt.layout;
	uint64_t names, list, set, deque, block, item[2], dict, instance, type;

	fh_module(h, "app", &names);
	list = fh_list(h, 32);
	for (uint32_t i = 0; i < 8; i++)
		fh_append(h, list, fh_int(h, i));
	fh_dict_add(h, names, fh_str(h, "LIST"), list);
	item[0] = list;
	item[1] = fh_list(h, 4);
	fh_dict_add(h, names, fh_str(h, "PAIR"), fh_tuple(h, 2, item));
	dict = fh_dict(h, 8);
	fh_dict_add(h, dict, fh_str(h, "k"), fh_int(h, 9));
	fh_dict_add(h, names, fh_str(h, "DICT"), dict);
	set = fh_new(h, h->set, 0);
	fh_put(set + l->se_mask, 7);
	fh_put(set + l->se_table, set + l->se_smalltable);
	fh_put(set + l->se_smalltable, fh_int(h, 10));
	fh_dict_add(h, names, fh_str(h, "SET"), set);
	deque = fh_new(h, h->deque, 0);
	block = fh_alloc(h, l->db_rightlink + 8);
	fh_put(deque + l->ob_size, 1);
	fh_put(deque + l->dq_leftblock, block);
	fh_put(block + l->db_data, fh_int(h, 11));
	fh_dict_add(h, names, fh_str(h, "DEQUE"), deque);
	type = fh_type(h, "functools._lru_cache_wrapper", PY_TPFLAGS_HAVE_GC, 120, h->object);
	instance = fh_new(h, type, 0);
	fh_put(instance + l->lc_cache, dict);
	fh_dict_add(h, names, fh_str(h, "LRU"), instance);
}

static inline void change_one(struct fake_heap *h, const uint8_t *data)
{
	const uint64_t part[] = { h->fixed, h->pools, h->brk };
	const uint32_t used[] = { (uint32_t)h->fixed_used, (uint32_t)h->pools_used,
				  (uint32_t)h->brk_used };
	uint16_t where;
	uint32_t what;
	uint64_t value, at;
	int to = data[0] % 3, from = data[0] / 3 % 3;

	memcpy(&where, data + 2, sizeof(where));
	memcpy(&what, data + 4, sizeof(what));
	if (!used[from] || !used[to])
		return;
	at = part[to] + where * 8ull % used[to];
	value = data[0] & 0x80   ? part[from] + what % used[from]
		: data[0] & 0x40 ? (uint64_t)what << (what & 63)
				 : fh_get(at) + what;
	fh_put(at, value);
}

/* Is it an input at all? Then its layout. */
static inline bool changed_layout(struct py_layout *l, const uint8_t *data, size_t size)
{
	return size && size <= 1 + CHANGES_MAX * CHANGE && !py_layout_table(l, 3, 8 + data[0] % 8);
}

/* The changes that come before walk number @walk of @walks. */
static inline void change_heap(struct fake_heap *h, const uint8_t *data, size_t size, int walk,
			       int walks)
{
	for (size_t at = 1; at + CHANGE <= size; at += CHANGE)
		if (data[at + 1] % walks == walk)
			change_one(h, data + at);
}

#endif
