// SPDX-License-Identifier: Apache-2.0
/*
 * Walks over a small heap: what is counted, since when a block is there, how sizes are remembered,
 * and what happens to both when pools grow, move and are emptied.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "fake_heap.h"

static unsigned int birth(const struct fake_heap *h, uint64_t object)
{
	uint32_t block = fh_block(h, object);

	assert_int_not_equal(block, BLOCK_NONE);
	return h->heap.history.now.birth[block] & BIRTH_WALK;
}

static const char *type_name(const struct fake_heap *h, uint64_t object)
{
	const struct heap *heap = &h->heap;

	return types_get(&heap->types, heap->history.now.type[fh_block(h, object)])->name;
}

static void check_counts(struct fake_heap *h)
{
	const struct blocks *now = &h->heap.history.now;
	uint64_t list = fh_list(h, 100), numbers[50], names;
	uint64_t tracked = 0;

	fh_module(h, "app", &names);
	for (int i = 0; i < 50; i++)
		fh_append(h, list, numbers[i] = fh_int(h, (uint32_t)i));
	for (int i = 10; i < 20; i++)
		fh_free(h, numbers[i]);
	fh_walk(h, 0);
	/* sys.modules, its keys, the module, its dict, its keys; the list, its items; the ints */
	assert_int_equal(now->pool_blocks + now->chunk_blocks, 7 + 40);
	assert_string_equal(type_name(h, list), "list");
	assert_string_equal(type_name(h, numbers[0]), "int");
	assert_string_equal(type_name(h, h->modules), "dict");
	for (int i = 0; i < 50; i++)
		assert_int_equal(now->print[fh_block(h, numbers[i])] != 0, i < 10 || i >= 20);
	for (size_t i = 1; i < h->heap.types.count; i++)
		tracked += h->heap.types.type[i].tracked;
	assert_int_equal(tracked, 4);
	assert_int_equal(h->heap.history.torn_pools + h->heap.history.torn_chunks, 0);
}

static void all_blocks_are_counted_and_named(void **state)
{
	(void)state;
	fh_every_layout(check_counts);
}

static void check_births(struct fake_heap *h)
{
	uint64_t old = fh_int(h, 1), gone = fh_int(h, 2), second, third, again;

	fh_walk(h, 0);
	second = fh_int(h, 3);
	fh_walk(h, 1);
	fh_free(h, gone);
	third = fh_int(h, 4);
	assert_int_equal(third, gone); /* the same address, another object */
	fh_walk(h, 2);
	assert_int_equal(birth(h, old), 1);
	assert_int_equal(birth(h, second), 2);
	assert_int_equal(birth(h, third), 3);
	fh_free(h, second);
	fh_walk(h, 3);
	again = fh_int(h, 3); /* even the same value: it was not there in between */
	assert_int_equal(again, second);
	fh_walk(h, 4);
	assert_int_equal(birth(h, again), 5);
	assert_int_equal(birth(h, old), 1);
}

static void a_block_is_as_old_as_what_is_in_it(void **state)
{
	(void)state;
	fh_every_layout(check_births);
}

/* Pools in front of a pool come and go: block numbers move, births do not. */
static void check_moved_numbers(struct fake_heap *h)
{
	uint64_t one = fh_int(h, 1), list = fh_list(h, 4), late;
	uint32_t was;

	late = fh_pool_alloc(h, 30); /* raw memory, in a pool behind all others */
	fh_walk(h, 0);
	was = fh_block(h, late);
	for (int i = 0; i < 20; i++)
		fh_int(h, 7);
	fh_walk(h, 1);
	assert_true(fh_block(h, late) >= was + 20);
	assert_int_equal(birth(h, late), 1);
	assert_int_equal(birth(h, one), 1);
	assert_int_equal(birth(h, list), 1);
}

static void blocks_are_found_again_when_numbers_move(void **state)
{
	(void)state;
	fh_every_layout(check_moved_numbers);
}

/* The pool became one of another size class: nothing in it is what it was. */
static void check_changed_class(struct fake_heap *h)
{
	uint64_t pool, first = fh_pool_alloc(h, 20);
	uint32_t pool_size = h->rt.layout.facts.pool_size;

	fh_walk(h, 0);
	assert_int_equal(birth(h, first), 1);
	pool = first & ~(uint64_t)(pool_size - 1);
	fh_put32(pool + 36, 10);
	fh_put32(pool + 44, pool_size - 176);
	fh_put32(pool + 40, POOL_HEADER + 176);
	fh_walk(h, 1);
	assert_int_equal(birth(h, first), 2);
}

static void a_pool_of_another_class_is_another_pool(void **state)
{
	(void)state;
	fh_every_layout(check_changed_class);
}

static void expect_sizes(const struct fake_heap *h, uint64_t container, const uint32_t *want,
			 unsigned int walks)
{
	uint32_t size[WALKS_MAX];

	assert_true(history_sizes(&h->heap.history, fh_block(h, container), size));
	for (unsigned int i = 0; i < WALKS_MAX; i++)
		assert_int_equal(size[i], i < walks ? want[i] : SIZE_UNKNOWN);
}

static void check_sizes(struct fake_heap *h)
{
	static const uint32_t grown[] = { 2, 2, 5, 5, 4 }, born[] = { SIZE_UNKNOWN, 1, 1, 2, 2 };
	uint64_t list = fh_list(h, 10), dict = fh_dict(h, 8), later;
	uint64_t key = fh_str(h, "k"), items = fh_get(list + h->rt.layout.li_item);
	uint32_t size[WALKS_MAX];

	fh_append(h, list, key);
	fh_append(h, list, key);
	fh_dict_add(h, dict, key, key);
	fh_walk(h, 0);
	later = fh_list(h, 10);
	fh_append(h, later, key);
	fh_walk(h, 1);
	for (int i = 0; i < 3; i++)
		fh_append(h, list, key);
	fh_walk(h, 2);
	fh_append(h, later, key);
	fh_walk(h, 3);
	fh_put(list + h->rt.layout.ob_size, 4);
	fh_walk(h, 4);
	expect_sizes(h, list, grown, 5);
	expect_sizes(h, later, born, 5);
	assert_false(history_sizes(&h->heap.history, fh_block(h, dict), size));
	assert_false(history_sizes(&h->heap.history, fh_block(h, items), size));
	assert_true(blocks_size(&h->heap.history.now, fh_block(h, dict), size));
	assert_int_equal(size[0], 1);
	assert_false(blocks_size(&h->heap.history.now, fh_block(h, items), size));
}

static void sizes_are_remembered_from_walk_to_walk(void **state)
{
	(void)state;
	fh_every_layout(check_sizes);
}

static void check_absurd_size(struct fake_heap *h)
{
	static const uint32_t want[] = { 0, UINT32_MAX, 3 };
	uint64_t list = fh_list(h, 10);

	fh_walk(h, 0);
	fh_put(list + h->rt.layout.ob_size, 1ull << 60);
	fh_walk(h, 1);
	fh_put(list + h->rt.layout.ob_size, 3);
	fh_walk(h, 2);
	expect_sizes(h, list, want, 3);
}

static void absurd_sizes_saturate(void **state)
{
	(void)state;
	fh_every_layout(check_absurd_size);
}

static void check_bound(struct fake_heap *h)
{
	struct heap *heap = &h->heap;

	for (unsigned int i = 0; i < WALKS_MAX; i++)
		fh_walk(h, i);
	assert_int_equal(history_walk(&heap->history, &heap->types, &heap->stream, &heap->spans,
				      &heap->glibc, 99),
			 -E2BIG);
	assert_int_equal(heap->history.walks, WALKS_MAX);
}

static void there_are_at_most_so_many_walks(void **state)
{
	(void)state;
	fh_every_layout(check_bound);
}

/* A pool that says more than it has, in front of others: torn, and walked as far as it is. */
static void check_torn(struct fake_heap *h)
{
	uint64_t number = fh_int(h, 1), pool, list;

	for (int i = 0; i < 9; i++)
		fh_int(h, 2);
	list = fh_list(h, 4);
	pool = number & ~(uint64_t)(h->rt.layout.facts.pool_size - 1);
	fh_put32(pool, 60);
	fh_walk(h, 0);
	assert_int_equal(h->heap.history.torn_pools, 1);
	assert_string_equal(type_name(h, number), "int");
	assert_string_equal(type_name(h, list), "list");
	fh_put(pool + 8, number);
	fh_put(number, number); /* its free list leads to itself */
	fh_walk(h, 1);
	assert_int_equal(h->heap.history.torn_pools, 2);
	assert_int_equal(birth(h, list), 1);
}

static void torn_pools_are_counted_and_passed(void **state)
{
	(void)state;
	fh_every_layout(check_torn);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_blocks_are_counted_and_named),
		cmocka_unit_test(a_block_is_as_old_as_what_is_in_it),
		cmocka_unit_test(blocks_are_found_again_when_numbers_move),
		cmocka_unit_test(a_pool_of_another_class_is_another_pool),
		cmocka_unit_test(sizes_are_remembered_from_walk_to_walk),
		cmocka_unit_test(absurd_sizes_saturate),
		cmocka_unit_test(there_are_at_most_so_many_walks),
		cmocka_unit_test(torn_pools_are_counted_and_passed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
