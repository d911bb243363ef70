// SPDX-License-Identifier: Apache-2.0
/*
 * The table of blocks: every address of every block is found again, and nothing beside them.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../../user/heap/blocks.h"

static uint32_t add(struct blocks *b, uint64_t addr, uint64_t size, unsigned int count)
{
	uint32_t first;

	assert_int_equal(blocks_add(b, addr, size, count, EXTENT_POOL, &first), 0);
	return first;
}

static void check_extent(const struct blocks *b, const struct extent *x)
{
	for (unsigned int i = 0; i < x->count; i++) {
		uint64_t at = x->addr + i * x->size, start, size;
		enum extent_kind kind;

		assert_int_equal(blocks_find(b, at, &start, &size), x->first + i);
		assert_true(start == at && size == x->size);
		assert_int_equal(blocks_find(b, at + x->size - 1, &start, NULL), x->first + i);
		assert_true(start == at);
		assert_true(blocks_addr(b, x->first + i, &size, &kind) == at);
		assert_true(size == x->size && kind == x->kind);
	}
	assert_int_not_equal(blocks_find(b, x->addr - 1, NULL, NULL), x->first);
}

static void every_block_is_found_again(void **state)
{
	struct blocks b = { 0 };
	uint64_t at = 0x7f0000000000, seed = 12345;

	(void)state;
	for (int i = 0; i < 3000; i++) {
		uint64_t size = 16 * (1 + (seed = seed * 6364136223846793005u + 1) % 3000 / 3);
		unsigned int count = (unsigned int)(seed >> 40) % 40 + 1;

		add(&b, at, size, count);
		at += size * count + (seed >> 33) % 7 * 4096;
	}
	assert_int_equal(blocks_index(&b), 0);
	for (size_t i = 0; i < b.extents; i++)
		check_extent(&b, &b.extent[i]);
	assert_int_equal(blocks_find(&b, 0x7f0000000000 - 1, NULL, NULL), BLOCK_NONE);
	assert_int_equal(blocks_find(&b, at + (1 << 20), NULL, NULL), BLOCK_NONE);
	assert_int_equal(blocks_find(&b, 0, NULL, NULL), BLOCK_NONE);
	assert_int_equal(blocks_find(&b, UINT64_MAX, NULL, NULL), BLOCK_NONE);
	blocks_release(&b);
	blocks_release(&b);
}

static void gaps_between_blocks_are_nobodys(void **state)
{
	struct blocks b = { 0 };

	(void)state;
	add(&b, 0x10000, 24, 1);
	add(&b, 0x10020, 24, 1);
	add(&b, 0x1fff0, 32, 1); /* over the edge of a granule */
	assert_int_equal(blocks_index(&b), 0);
	assert_int_equal(blocks_find(&b, 0x10017, NULL, NULL), 0);
	assert_int_equal(blocks_find(&b, 0x10018, NULL, NULL), BLOCK_NONE);
	assert_int_equal(blocks_find(&b, 0x10020, NULL, NULL), 1);
	assert_int_equal(blocks_find(&b, 0x20000, NULL, NULL), 2);
	assert_int_equal(blocks_find(&b, 0x20010, NULL, NULL), BLOCK_NONE);
	blocks_release(&b);
}

static void an_empty_table_finds_nothing(void **state)
{
	struct blocks b = { 0 };
	uint32_t size;

	(void)state;
	assert_int_equal(blocks_index(&b), 0);
	assert_int_equal(blocks_find(&b, 0x1000, NULL, NULL), BLOCK_NONE);
	assert_false(blocks_size(&b, 0, &size));
	blocks_release(&b);
}

/*
 * A chunk as large as address space is: one for numpy of terabytes is legal, and a forged header
 * costs its forger nothing. The index must not cost us in proportion.
 */
static void a_huge_block_costs_little(void **state)
{
	struct blocks b = { 0 };
	uint64_t start;

	(void)state;
	add(&b, 0x100000000, 48, 1);
	add(&b, 0x100010010, 1ull << 46, 1);
	add(&b, 0x500000000000, 64, 4);
	assert_int_equal(blocks_index(&b), 0);
	assert_true(b.granules <= 1 << 16);
	for (size_t i = 0; i < b.extents; i++)
		check_extent(&b, &b.extent[i]);
	assert_int_equal(blocks_find(&b, 0x300000000000, &start, NULL), 1);
	assert_true(start == 0x100010010);
	assert_int_equal(blocks_find(&b, 0x4ffff0000000, NULL, NULL), BLOCK_NONE);
	blocks_release(&b);
}

static void the_table_has_a_bound(void **state)
{
	struct blocks b = { .count = BLOCKS_MAX - 10 };
	uint32_t first;

	(void)state;
	assert_int_equal(blocks_add(&b, 0x1000, 16, 11, EXTENT_POOL, &first), -E2BIG);
	assert_int_equal(b.extents, 0);
	b.count = 0;
	blocks_release(&b);
}

static void sizes_saturate_and_are_found(void **state)
{
	struct blocks b = { 0 };
	uint32_t size;

	(void)state;
	add(&b, 0x10000, 16, 300);
	for (uint32_t i = 0; i < 100; i++) {
		b.print[i * 3] = 0xabcd;
		assert_int_equal(blocks_set_size(&b, i * 3, i == 50 ? UINT64_MAX : i), 0);
		assert_int_equal(b.print[i * 3] & PRINT_HASH, 0xabc0);
	}
	assert_int_equal(b.sizeds, 100 - SIZE_LISTED); /* small sizes take no memory */
	for (uint32_t i = 0; i < 300; i++) {
		assert_int_equal(blocks_size(&b, i, &size), i % 3 == 0);
		if (i % 3 == 0)
			assert_int_equal(size, i == 150 ? UINT32_MAX : i / 3);
	}
	assert_false(blocks_size(&b, 300, &size));
	blocks_release(&b);
}

/* 100 thousand blocks: what lies in front of the last extent is given back, that one stays. */
static void what_is_forgotten_is_given_back(void **state)
{
	struct blocks b = { 0 };
	uint32_t size;

	(void)state;
	for (uint32_t i = 0; i < 100; i++)
		add(&b, 0x100000 + i * 0x10000, 32, 1000);
	for (uint32_t i = 0; i < b.count; i++) {
		b.print[i] = 0xabcd;
		b.birth[i] = 1;
		b.type[i] = 7;
	}
	assert_int_equal(blocks_set_size(&b, b.count - 1, 1000), 0);
	blocks_forget(&b, 99, 0);
	assert_int_equal(b.print[0], PRINT_FREE);
	assert_int_equal(b.birth[0], 0);
	assert_int_equal(b.type[0], 0);
	for (uint32_t i = b.extent[99].first; i < b.count - 1; i++)
		assert_true(b.print[i] == 0xabcd && b.birth[i] == 1 && b.type[i] == 7);
	assert_true(blocks_size(&b, b.count - 1, &size));
	assert_int_equal(size, 1000);
	blocks_release(&b);
}

static void every_block_has_its_address(void **state)
{
	struct blocks b = { 0 };
	uint64_t size;

	(void)state;
	for (uint32_t i = 0; i < 3000; i++)
		add(&b, 0x100000 + i * 0x10000, 16 + i % 7 * 16, i % 5 ? 1 : 1 + i % 999);
	assert_int_equal(blocks_index(&b), 0);
	for (size_t i = 0; i < b.extents; i++) {
		const struct extent *x = &b.extent[i];

		assert_true(blocks_addr(&b, x->first, &size, NULL) == x->addr);
		assert_true(size == x->size);
		assert_true(blocks_addr(&b, x->first + x->count - 1u, NULL, NULL) ==
			    x->addr + (x->count - 1u) * x->size);
	}
	blocks_release(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_block_is_found_again),
		cmocka_unit_test(gaps_between_blocks_are_nobodys),
		cmocka_unit_test(an_empty_table_finds_nothing),
		cmocka_unit_test(a_huge_block_costs_little),
		cmocka_unit_test(the_table_has_a_bound),
		cmocka_unit_test(sizes_saturate_and_are_found),
		cmocka_unit_test(what_is_forgotten_is_given_back),
		cmocka_unit_test(every_block_has_its_address),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
