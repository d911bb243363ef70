// SPDX-License-Identifier: Apache-2.0
/* Who holds each block: what can be asked for has an entry of its own, old leaves have none. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "../../user/heap/parents.h"

#define BLOCKS 10000u
#define LATES 100u

enum { LEAF = 1, LIST = 2 };

/* A table with a free slot, an old and a young leaf, a list, old raw memory, over and over. */
static void make_table(struct blocks *b)
{
	uint32_t first;

	*b = (struct blocks){ 0 };
	for (uint64_t i = 0; i < BLOCKS / 250; i++)
		assert_int_equal(
			blocks_add(b, 0x10000 * (i + 1), 32, 250, EXTENT_POOL, &first), 0);
	for (uint32_t i = 0; i < BLOCKS; i++) {
		static const uint16_t type[] = { 0, LEAF, LEAF, LIST, TYPE_NONE };

		b->type[i] = type[i % 5];
		b->print[i] = i % 5 == 0 ? PRINT_FREE : i % 5 == 4 ? PRINT_RAW : 0x1230;
		b->birth[i] = i % 5 == 2 ? 2 : 1;
	}
}

static bool is_old_leaf(uint32_t block)
{
	return block < BLOCKS && block % 5 == 1;
}

static void setup(struct parents *p, struct blocks *b)
{
	struct py_type type[] = { { .kind = KIND_OBJECT },
				  { .kind = KIND_LEAF },
				  { .kind = KIND_LIST } };
	struct types types = { .type = type, .count = 3 };

	make_table(b);
	assert_int_equal(parents_init(p, b, &types, false), 0);
	assert_int_equal(parents_add_late(p, LATES), 0);
}

static void every_entry_is_its_blocks_own(void **state)
{
	uint8_t *taken = calloc(BLOCKS + LATES, 1);
	struct parents p;
	struct blocks b;

	(void)state;
	setup(&p, &b);
	assert_int_equal(p.entries, BLOCKS - BLOCKS / 5);
	for (uint32_t i = 0; i < BLOCKS + LATES; i++) {
		size_t entry = parents_entry(&p, i);

		assert_int_equal(entry == ENTRY_NONE, is_old_leaf(i));
		if (entry == ENTRY_NONE)
			continue;
		assert_true(entry < p.entries + LATES && !taken[entry]);
		assert_int_equal(entry >= p.entries, i >= BLOCKS);
		taken[entry] = 1;
	}
	free(taken);
	parents_release(&p);
	blocks_release(&b);
}

static void what_is_set_is_read_back(void **state)
{
	struct parents p;
	struct blocks b;

	(void)state;
	setup(&p, &b);
	for (uint32_t i = 0; i < BLOCKS + LATES; i++) {
		assert_false(parents_reached(&p, i));
		assert_int_equal(parents_of(&p, i), PARENT_NONE);
		parents_set(&p, i, i * 7, i & 0xffff);
	}
	for (uint32_t i = 0; i < BLOCKS + LATES; i++) {
		assert_true(parents_reached(&p, i));
		assert_int_equal(parents_of(&p, i), is_old_leaf(i) ? PARENT_NONE : i * 7);
		assert_int_equal(parents_edge(&p, i), is_old_leaf(i) ? 0 : (i & 0xffff));
	}
	parents_release(&p);
	blocks_release(&b);
}

static void seen_is_reached_without_a_parent(void **state)
{
	struct parents p;
	struct blocks b;

	(void)state;
	setup(&p, &b);
	parents_see(&p, 64);
	assert_true(parents_reached(&p, 64));
	assert_false(parents_reached(&p, 63));
	assert_false(parents_reached(&p, 65));
	assert_int_equal(parents_of(&p, 64), PARENT_NONE);
	parents_release(&p);
	blocks_release(&b);
}

static void leaves_are_counted_up_to_255(void **state)
{
	struct parents p;
	struct blocks b;

	(void)state;
	setup(&p, &b);
	for (int i = 0; i < 300; i++)
		parents_count_leaf(&p, 3);
	parents_count_leaf(&p, BLOCKS + 1);
	parents_count_leaf(&p, 1); /* an old leaf holds nothing: there is no place to count */
	assert_int_equal(p.old_leaves[parents_entry(&p, 3)], 255);
	assert_int_equal(p.old_leaves[parents_entry(&p, BLOCKS + 1)], 1);
	assert_int_equal(p.old_leaves[parents_entry(&p, 8)], 0);
	parents_release(&p);
	blocks_release(&b);
}

static void next_visits_each_entry_of_the_table_once(void **state)
{
	struct parents p;
	struct blocks b;
	uint32_t at = 0;

	(void)state;
	setup(&p, &b);
	for (uint32_t i = 0; i < BLOCKS; i++) {
		if (is_old_leaf(i))
			continue;
		at = parents_next(&p, at);
		assert_int_equal(at, i);
		at++;
	}
	assert_int_equal(parents_next(&p, at), BLOCKS);
	parents_release(&p);
	blocks_release(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_entry_is_its_blocks_own),
		cmocka_unit_test(what_is_set_is_read_back),
		cmocka_unit_test(seen_is_reached_without_a_parent),
		cmocka_unit_test(leaves_are_counted_up_to_255),
		cmocka_unit_test(next_visits_each_entry_of_the_table_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
