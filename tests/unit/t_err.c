// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "../../user/util/err.h"

static void the_first_text_stays(void **state)
{
	struct err e = { 0 };

	(void)state;
	assert_int_equal(err_set(&e, -ESRCH, EXIT_FAILED, "pid %d: no such process", 42), -ESRCH);
	assert_int_equal(err_set(&e, -EPERM, EXIT_NOT_PERMITTED, "cannot look"), -EPERM);
	assert_int_equal(e.exit, EXIT_FAILED);
	assert_string_equal(e.text, "pid 42: no such process");
}

static void nobody_may_want_the_text(void **state)
{
	(void)state;
	assert_int_equal(err_set(NULL, -ENOMEM, EXIT_FAILED, "out of memory"), -ENOMEM);
}

static void a_long_text_is_cut(void **state)
{
	struct err e = { 0 };
	char path[2048];

	(void)state;
	memset(path, 'x', sizeof(path) - 1);
	path[sizeof(path) - 1] = '\0';
	err_set(&e, -ENOENT, EXIT_NOT_PYTHON, "%s", path);
	assert_int_equal(strlen(e.text), sizeof(e.text) - 1);
	assert_int_equal(e.exit, EXIT_NOT_PYTHON);
}

/* Other programs rely on the numbers. */
static void exit_codes_are_the_contract(void **state)
{
	(void)state;
	assert_int_equal(EXIT_DONE, 0);
	assert_int_equal(EXIT_FAILED, 1);
	assert_int_equal(EXIT_USAGE, 2);
	assert_int_equal(EXIT_LEAK_FOUND, 3);
	assert_int_equal(EXIT_TARGET_GONE, 4);
	assert_int_equal(EXIT_NOT_PERMITTED, 5);
	assert_int_equal(EXIT_NOT_PYTHON, 6);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_first_text_stays),
		cmocka_unit_test(nobody_may_want_the_text),
		cmocka_unit_test(a_long_text_is_cut),
		cmocka_unit_test(exit_codes_are_the_contract),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
