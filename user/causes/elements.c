// SPDX-License-Identifier: Apache-2.0
#include "elements.h"

#include <string.h>

#include "../heap/kinds.h"

#define COUNT_MAX (1ull << 32)
#define SET_TRIES 512		/* entries of a set's table that are looked at */
#define SET_STRIDE 2654435761u	/* odd, so that it leads to every entry of a table once */
#define DEQUE_BLOCKS (1u << 16) /* that are followed to a deque's later half */

static void add(struct scene *s, uint64_t key, uint64_t value)
{
	if (s->elements == SCENE_ELEMENTS || !scene_type(s, value))
		return;
	s->element[s->elements++] = (struct element){ key, value };
}

/* Number @i of SCENE_ELEMENTS in the later half of @count. */
static uint64_t pick(uint64_t count, unsigned i)
{
	return count - 1 - i * (count / 2) / SCENE_ELEMENTS;
}

static unsigned picks(uint64_t count)
{
	return count < SCENE_ELEMENTS ? (unsigned)count : SCENE_ELEMENTS;
}

static void read_words(struct scene *s, uint64_t words, uint64_t count)
{
	uint64_t before = UINT64_MAX;

	for (unsigned i = 0; i < SCENE_ELEMENTS && count; i++) {
		uint64_t at = pick(count, i);

		if (at != before)
			add(s, 0, scene_word(s, words + 8 * at, 0));
		before = at;
	}
}

static void read_list(struct scene *s)
{
	const struct py_layout *l = &s->r->rt->layout;
	uint64_t count = scene_word(s, s->self.addr, l->ob_size);

	if (count < COUNT_MAX)
		read_words(s, scene_word(s, s->self.addr, l->li_item), count);
}

static void read_tuple(struct scene *s)
{
	const struct py_layout *l = &s->r->rt->layout;

	read_words(s, s->self.addr + l->tu_item, picks(scene_word(s, s->self.addr, l->ob_size)));
}

static void read_dict(struct scene *s)
{
	const struct py_layout *l = &s->r->rt->layout;
	struct object now = s->self;
	struct py_dict_keys keys;
	uint64_t before = UINT64_MAX;

	now.young = true;
	if (scene_word(s, now.addr, l->di_values) ||
	    !kinds_dict_keys(s->r, &now, scene_word(s, now.addr, l->di_keys), &keys) || !keys.count)
		return;
	for (unsigned i = 0; i < SCENE_ELEMENTS; i++) {
		uint64_t at = pick(keys.count, i);
		uint64_t entry = keys.entries + at * keys.entry_size;

		if (at != before)
			add(s, scene_word(s, entry, keys.key), scene_word(s, entry, keys.value));
		before = at;
	}
}

/*
 * An entry is {key, hash}; that of a removed one has the hash -1. Objects of one kind are
 * neighbours in memory and, hashed by address, in the table: a part of it may be empty, so it is
 * tried all over.
 */
static void read_set(struct scene *s)
{
	const struct py_layout *l = &s->r->rt->layout;
	uint64_t mask = scene_word(s, s->self.addr, l->se_mask);
	uint64_t table = scene_word(s, s->self.addr, l->se_table);

	for (uint64_t i = 0; i <= mask && i < SET_TRIES && mask < COUNT_MAX; i++) {
		uint64_t entry = table + 16 * (i * SET_STRIDE & mask);

		if (scene_word(s, entry, 8) != UINT64_MAX)
			add(s, 0, scene_word(s, entry, 0));
	}
}

static void read_deque(struct scene *s)
{
	const struct py_layout *l = &s->r->rt->layout;
	uint64_t block = scene_word(s, s->self.addr, l->dq_leftblock);
	uint64_t index = scene_word(s, s->self.addr, l->dq_leftindex);
	uint64_t left = scene_word(s, s->self.addr, l->ob_size), half = left / 2;

	for (unsigned n = 0; block && left && index < l->db_len && n < DEQUE_BLOCKS; n++) {
		uint64_t here = l->db_len - index < left ? l->db_len - index : left;

		for (uint64_t i = 0; left <= half + here && i < here; i++)
			add(s, 0, scene_word(s, block + 8 * (index + i), l->db_data));
		if (s->elements == SCENE_ELEMENTS)
			return;
		left -= here;
		index = 0;
		block = scene_word(s, block, l->db_rightlink);
	}
}

static void read_slot(struct scene *s)
{
	if (s->holder->words)
		add(s, 0, scene_word(s, s->holder->word[0], 0) & ~7ull);
}

static void (*const readers[KIND_COUNT])(struct scene *s) = {
	[KIND_LIST] = read_list, [KIND_TUPLE] = read_tuple, [KIND_DICT] = read_dict,
	[KIND_SET] = read_set,	 [KIND_DEQUE] = read_deque,
};

void elements_read(struct scene *s)
{
	if (!s->holder->sized)
		read_slot(s);
	else if (s->self.type && readers[s->self.type->kind])
		readers[s->self.type->kind](s);
}
