// SPDX-License-Identifier: Apache-2.0
/* Large arrays: they keep their content when they grow, and what is given back reads as zeros. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../../user/util/pages.h"

static void growing_keeps_what_is_there(void **state)
{
	uint32_t *array = NULL;
	size_t cap = 0;

	(void)state;
	for (uint32_t n = 1; n <= 1000000; n += n / 3 + 1) {
		assert_int_equal(pages_grow(&array, &cap, n, sizeof(*array)), 0);
		assert_true(cap >= n);
		assert_int_equal(array[n - 1], 0);
		array[n - 1] = n;
	}
	for (uint32_t n = 1; n <= 1000000; n += n / 3 + 1)
		assert_int_equal(array[n - 1], n);
	pages_free(&array, &cap, sizeof(*array));
	assert_null(array);
	assert_int_equal(cap, 0);
	pages_free(&array, &cap, sizeof(*array));
}

static void whole_pages_are_given_back(void **state)
{
	uint8_t *array = NULL;
	size_t cap = 0;

	(void)state;
	assert_int_equal(pages_grow(&array, &cap, 100000, 1), 0);
	for (size_t i = 0; i < 100000; i++)
		array[i] = 1;
	pages_forget(array, 2 * 4096 + 4095);
	assert_int_equal(array[0], 0);
	assert_int_equal(array[2 * 4096 - 1], 0);
	assert_int_equal(array[2 * 4096], 1);
	array[0] = 2; /* and can be used again */
	assert_int_equal(array[0], 2);
	pages_free(&array, &cap, 1);
}

static void what_cannot_be_had_is_refused(void **state)
{
	uint64_t *array = NULL;
	size_t cap = 0;

	(void)state;
	assert_int_equal(pages_grow(&array, &cap, 10, sizeof(*array)), 0);
	array[9] = 9;
	assert_true(pages_grow(&array, &cap, SIZE_MAX / 2, sizeof(*array)) < 0);
	assert_true(pages_grow(&array, &cap, 1ull << 50, sizeof(*array)) < 0);
	assert_int_equal(array[9], 9);
	pages_free(&array, &cap, sizeof(*array));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(growing_keeps_what_is_there),
		cmocka_unit_test(whole_pages_are_given_back),
		cmocka_unit_test(what_cannot_be_had_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
