// SPDX-License-Identifier: Apache-2.0
/*
 * tests/unit/fake_heap.h without cmocka: what does not hold aborts, and heaps are small, at one
 * address, so that an input can name what it points to.
 */
#ifndef PYLEAK_TESTS_FAKE_ASSERTS_H
#define PYLEAK_TESTS_FAKE_ASSERTS_H

#include <stdlib.h>

#define assert_true(holds)       \
	do {                     \
		if (!(holds))    \
			abort(); \
	} while (0)
#define assert_int_equal(a, b) assert_true((a) == (b))
#define assert_non_null(p) assert_true(p)

#define FAKE_BASE ((void *)0x100000000000)
#define FAKE_FIXED (1u << 16)
#define FAKE_POOLS (1u << 18)
#define FAKE_BRK (1u << 16)

#endif
