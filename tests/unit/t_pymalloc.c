// SPDX-License-Identifier: Apache-2.0
/*
 * pymalloc's pools: recorded ones of every version, and ones that lie.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../user/heap/pymalloc.h"
#include "recorded.h"

#define BASE 0x7f0000004000ull
#define POOL 16384u

static void check_recorded(struct recorded *record)
{
	char *live = strrchr(record->head, ' ');
	unsigned long pool_size, block_size, blocks = 0;
	struct pool p;

	assert_int_equal(sscanf(record->head, "%*x %lu %lu", &pool_size, &block_size), 2);
	assert_true(pool_recognise(record->bytes, record->address, (uint32_t)pool_size));
	pool_parse(&p, record->bytes, record->address, (uint32_t)pool_size);
	assert_false(p.torn);
	assert_int_equal(p.block_size, block_size);
	for (char *one = strtok(live, ", "); one; one = strtok(NULL, ","), blocks++) {
		unsigned long number = strtoul(one, NULL, 10);

		assert_true(number < p.carved);
		assert_int_equal(p.free[number], 0);
	}
	assert_int_equal(p.live, blocks);
	for (uint32_t i = 0; i < p.carved; i++)
		blocks += p.free[i];
	assert_int_equal(p.carved, blocks);
	/* The same bytes elsewhere: the free list does not lie in this pool. */
	assert_false(pool_recognise(record->bytes, record->address + pool_size,
				    (uint32_t)pool_size));
}

static void recorded_pools_have_the_blocks_that_python_held(void **state)
{
	(void)state;
	for (int minor = 8; minor <= 13; minor++)
		assert_int_equal(recorded_each(minor, "pool", check_recorded), 1);
}

static void put32(uint8_t *bytes, unsigned offset, uint32_t value)
{
	memcpy(bytes + offset, &value, sizeof(value));
}

static void put64(uint8_t *bytes, unsigned offset, uint64_t value)
{
	memcpy(bytes + offset, &value, sizeof(value));
}

/* A pool of @live blocks of 64 bytes, none of them freed. */
static uint8_t *make_pool(uint32_t live)
{
	uint8_t *bytes = calloc(1, POOL);

	assert_non_null(bytes);
	put32(bytes, 0, live);
	put32(bytes, 32, 7);
	put32(bytes, 36, 3);
	put32(bytes, 40, POOL_HEADER + 64 * live);
	put32(bytes, 44, POOL - 64);
	return bytes;
}

static uint64_t block(unsigned number)
{
	return BASE + POOL_HEADER + 64ull * number;
}

static void a_made_pool_is_recognised(void **state)
{
	uint8_t *bytes = make_pool(20);
	struct pool p;

	(void)state;
	assert_true(pool_recognise(bytes, BASE, POOL));
	pool_parse(&p, bytes, BASE, POOL);
	assert_int_equal(p.carved, 20);
	assert_int_equal(p.live, 20);
	assert_false(p.torn);
	free(bytes);
}

static void headers_that_cannot_be_are_refused(void **state)
{
	static const struct {
		unsigned offset;
		uint32_t value;
	} lies[] = {
		{ 0, 256 },	  /* more live blocks than fit */
		{ 0, UINT32_MAX }, { 32, UINT32_MAX }, { 36, 32 },
		{ 36, UINT32_MAX }, { 36, 4 },	 /* not the class of maxnextoffset */
		{ 40, 0 },	    { 40, 48 },	 /* in use, but nothing was ever carved */
		{ 40, 113 },			 /* in the middle of a block */
		{ 40, POOL + 112 }, { 40, UINT32_MAX }, { 44, 0 },
		{ 44, POOL },	    { 12, 0x7f }, /* freeblock in another half of memory */
	};

	(void)state;
	for (size_t i = 0; i < sizeof(lies) / sizeof(lies[0]); i++) {
		uint8_t *bytes = make_pool(20);

		put32(bytes, lies[i].offset, lies[i].value);
		if (pool_recognise(bytes, BASE, POOL))
			fail_msg("%u at +%u is believed", lies[i].value, lies[i].offset);
		free(bytes);
	}
}

/* Parsed as torn, whatever it is, and only blocks that exist are marked. */
static void expect_torn(const uint8_t *bytes)
{
	struct pool p;

	memset(&p, 0xee, sizeof(p));
	assert_true(pool_recognise(bytes, BASE, POOL));
	pool_parse(&p, bytes, BASE, POOL);
	assert_true(p.torn);
	assert_true(p.carved <= (POOL - POOL_HEADER) / 64);
	for (uint32_t i = 0; i < p.carved; i++)
		assert_true(p.free[i] <= 1);
	assert_int_equal(p.free[p.carved], 0xee);
}

static void free_lists_that_lie_are_torn(void **state)
{
	uint8_t *bytes = make_pool(20);

	(void)state;
	put64(bytes, 8, block(3)); /* the count says that none is free */
	expect_torn(bytes);
	put32(bytes, 0, 18);
	put64(bytes, POOL_HEADER + 64 * 3, block(5));
	put64(bytes, POOL_HEADER + 64 * 5, block(3)); /* round and round */
	expect_torn(bytes);
	put64(bytes, POOL_HEADER + 64 * 5, block(5)); /* on the spot */
	expect_torn(bytes);
	put64(bytes, POOL_HEADER + 64 * 5, block(20)); /* not carved yet */
	expect_torn(bytes);
	put64(bytes, POOL_HEADER + 64 * 5, block(6) + 8);
	expect_torn(bytes);
	put64(bytes, POOL_HEADER + 64 * 5, BASE + 16); /* into the header */
	expect_torn(bytes);
	put64(bytes, POOL_HEADER + 64 * 5, UINT64_MAX - 7);
	expect_torn(bytes);
	put64(bytes, POOL_HEADER + 64 * 5, 0);
	{
		struct pool p;

		pool_parse(&p, bytes, BASE, POOL);
		assert_false(p.torn);
		assert_int_equal(p.free[3] + p.free[5], 2);
	}
	free(bytes);
}

/* The last block ends where the pool does: reading its link must not read behind the pool. */
static void a_full_list_is_followed_to_its_end(void **state)
{
	uint32_t fit = (POOL - POOL_HEADER) / 16;
	uint8_t *bytes = make_pool(0);
	struct pool p;

	(void)state;
	put32(bytes, 36, 0);
	put32(bytes, 40, POOL_HEADER + 16 * fit);
	put32(bytes, 44, POOL - 16);
	put64(bytes, 8, BASE + POOL_HEADER);
	for (uint32_t i = 0; i + 1 < fit; i++)
		put64(bytes, POOL_HEADER + 16 * i, BASE + POOL_HEADER + 16 * (i + 1));
	assert_true(pool_recognise(bytes, BASE, POOL));
	pool_parse(&p, bytes, BASE, POOL);
	assert_false(p.torn);
	assert_int_equal(p.carved, fit);
	assert_int_equal(p.free[fit - 1], 1);
	free(bytes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(recorded_pools_have_the_blocks_that_python_held),
		cmocka_unit_test(a_made_pool_is_recognised),
		cmocka_unit_test(headers_that_cannot_be_are_refused),
		cmocka_unit_test(free_lists_that_lie_are_torn),
		cmocka_unit_test(a_full_list_is_followed_to_its_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
