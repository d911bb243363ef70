// SPDX-License-Identifier: Apache-2.0
/*
 * Which block pymalloc hands out next: the kernel's look at it, compiled natively, and where user
 * space finds the array, both on pools that are made here.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "../../bpf/next_block.bpf.h"
#include "../../user/cpython/usedpools.h"

#define POOL_SIZE 4096
#define POOLS 4
#define CLASS 3 /* of most pools here: blocks of 64 bytes */
#define BLOCKS 48 /* offset of a pool's first */

static _Alignas(POOL_SIZE) uint8_t pools[POOLS][POOL_SIZE];
static uint64_t array[2 * (POOL_CLASSES + 1)]; /* the first pair is what lies before it */
static __u64 remembered[POOL_CLASSES];
static unsigned reads;

bool read_target(void *into, __u32 size, __u64 address)
{
	uint64_t first = (uint64_t)(uintptr_t)pools, words = (uint64_t)(uintptr_t)array;

	reads++;
	if ((address < first || address + size > first + sizeof(pools)) &&
	    (address < words || address + size > words + sizeof(array)))
		return false;
	memcpy(into, (const void *)(uintptr_t)address, size);
	return true;
}

static uint64_t entry(unsigned class)
{
	return (uint64_t)(uintptr_t)array + (uint64_t)class * POOL_ENTRY;
}

static uint64_t pool(unsigned number)
{
	return (uint64_t)(uintptr_t)pools[number];
}

static struct pool_header *header(uint64_t address)
{
	return (struct pool_header *)(uintptr_t)address;
}

static void link_pools(uint64_t one, uint64_t next)
{
	memcpy((void *)(uintptr_t)(one + POOL_NEXT), &next, sizeof(next));
	memcpy((void *)(uintptr_t)(next + POOL_PREVIOUS), &one, sizeof(one));
}

static void make_pool(unsigned number, unsigned class, unsigned free)
{
	*header(pool(number)) = (struct pool_header){
		.in_use = 1, .free = pool(number) + BLOCKS + 16 * free, .class = class
	};
}

/* Pools 0 and 1 have room, in this order; 2 and 3 are no one's. */
static int set_up(void **state)
{
	(void)state;
	memset(pools, 0, sizeof(pools));
	memset(remembered, 0, sizeof(remembered));
	for (unsigned class = 0; class < POOL_CLASSES; class++)
		link_pools(entry(class), entry(class));
	make_pool(0, CLASS, 5);
	make_pool(1, CLASS, 7);
	link_pools(entry(CLASS), pool(0));
	link_pools(pool(0), pool(1));
	link_pools(pool(1), entry(CLASS));
	reads = 0;
	return 0;
}

static uint64_t next(uint64_t size)
{
	return next_block(entry(0), size, POOL_SIZE, remembered);
}

static void says_the_first_free_one(void **state)
{
	(void)state;
	assert_int_equal(next(64), pool(0) + BLOCKS + 16 * 5);
	assert_int_equal(next(49), pool(0) + BLOCKS + 16 * 5);
	reads = 0;
	header(pool(0))->free += 64;
	assert_int_equal(next(64), pool(0) + BLOCKS + 16 * 5 + 64);
	assert_int_equal(reads, 1);
}

static void says_nothing_of_other_sizes(void **state)
{
	(void)state;
	assert_int_equal(next(0), 0);
	assert_int_equal(next(48), 0); /* a class without pools */
	assert_int_equal(next(65), 0);
	assert_int_equal(next(513), 0);
	assert_int_equal(next(UINT64_MAX), 0);
	assert_int_equal(next_block(0, 64, POOL_SIZE, remembered), 0);
}

/* What a pool was before does not count: each of these keeps the links that it had. */
static void forgets_a_pool_that_is_not_first(void **state)
{
	const struct pool_header full = { .in_use = 64, .previous = entry(CLASS), .class = CLASS };
	const struct pool_header empty = { .free = pool(0) + BLOCKS,
					   .previous = entry(CLASS),
					   .class = CLASS };
	const struct pool_header other = { .in_use = 1,
					   .free = pool(0) + BLOCKS,
					   .previous = entry(CLASS),
					   .class = CLASS + 1 };
	const struct pool_header *was[] = { &full, &empty, &other };

	(void)state;
	for (unsigned i = 0; i < sizeof(was) / sizeof(was[0]); i++) {
		set_up(NULL);
		next(64);
		*header(pool(0)) = *was[i];
		link_pools(entry(CLASS), pool(1));
		assert_int_equal(next(64), pool(1) + BLOCKS + 16 * 7);
	}
	set_up(NULL);
	next(64);
	make_pool(2, CLASS, 1); /* was full, and came back to the front */
	link_pools(entry(CLASS), pool(2));
	link_pools(pool(2), pool(0));
	assert_int_equal(next(64), pool(2) + BLOCKS + 16);
}

static void believes_no_nonsense(void **state)
{
	(void)state;
	header(pool(0))->free = pool(1) + BLOCKS;
	assert_int_equal(next(64), 0);
	header(pool(0))->free = pool(0) - 16;
	assert_int_equal(next(64), 0);
	link_pools(entry(CLASS), pool(0) + 16);
	assert_int_equal(next(64), 0);
	array[2 * (CLASS + 1)] = 0x1000; /* not mapped */
	assert_int_equal(next(64), 0);
}

static void finds_the_array(void **state)
{
	struct remote mem;

	(void)state;
	remote_init(&mem, getpid());
	assert_int_equal(usedpools_entry(&mem, pool(1), POOL_SIZE), entry(CLASS));
	assert_int_equal(usedpools_find(&mem, pool(0), 64, POOL_SIZE), entry(0));
	assert_int_equal(usedpools_find(&mem, pool(1), 64, POOL_SIZE), entry(0));
	assert_int_equal(usedpools_find(&mem, pool(1), 80, POOL_SIZE), 0); /* another class */
	assert_int_equal(usedpools_find(&mem, pool(2), 64, POOL_SIZE), 0); /* in no ring */
	assert_int_equal(usedpools_find(&mem, 0, 64, POOL_SIZE), 0);
	header(pool(2))->previous = pool(3);
	header(pool(3))->previous = pool(2); /* round and round */
	assert_int_equal(usedpools_find(&mem, pool(2), 64, POOL_SIZE), 0);
	array[2] += 8; /* a link that leads to no pool */
	assert_int_equal(usedpools_find(&mem, pool(0), 64, POOL_SIZE), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(says_the_first_free_one, set_up),
		cmocka_unit_test_setup(says_nothing_of_other_sizes, set_up),
		cmocka_unit_test_setup(forgets_a_pool_that_is_not_first, set_up),
		cmocka_unit_test_setup(believes_no_nonsense, set_up),
		cmocka_unit_test_setup(finds_the_array, set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
