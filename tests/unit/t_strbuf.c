// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../../user/util/strbuf.h"

static void adds_in_order(void **state)
{
	char array[32];
	struct strbuf s;

	(void)state;
	strbuf_init(&s, array, sizeof(array));
	assert_string_equal(s.text, "");
	strbuf_add(&s, "app");
	strbuf_addf(&s, ".%s[%d]", "cache", 7);
	strbuf_addn(&s, "xyz", 1);
	assert_string_equal(s.text, "app.cache[7]x");
	assert_int_equal(s.len, 13);
	assert_false(s.cut);
}

static void cuts_at_the_end_of_the_array(void **state)
{
	char array[16] = "----------------";
	struct strbuf s;

	(void)state;
	strbuf_init(&s, array, 8);
	strbuf_add(&s, "1234567");
	assert_false(s.cut);
	strbuf_add(&s, "8");
	assert_true(s.cut);
	assert_string_equal(s.text, "1234567");
	assert_int_equal(array[8], '-');

	strbuf_init(&s, array, 8);
	strbuf_addf(&s, "%s", "12345678");
	assert_true(s.cut);
	assert_string_equal(s.text, "1234567");
	assert_int_equal(s.len, 7);
	assert_int_equal(array[8], '-');
	strbuf_addf(&s, "%d", 9);
	assert_string_equal(s.text, "1234567");
}

static void holds_nothing_in_one_byte(void **state)
{
	char array[2] = "ab";
	struct strbuf s;

	(void)state;
	strbuf_init(&s, array, 1);
	strbuf_add(&s, "");
	assert_false(s.cut);
	strbuf_addf(&s, "%s", "");
	assert_false(s.cut);
	strbuf_add(&s, "x");
	assert_true(s.cut);
	assert_string_equal(s.text, "");
	assert_int_equal(array[1], 'b');
}

static void truncates_only_what_is_longer(void **state)
{
	char array[16];
	struct strbuf s;

	(void)state;
	strbuf_init(&s, array, sizeof(array));
	strbuf_add(&s, "holder[*]");
	strbuf_truncate(&s, 20);
	assert_string_equal(s.text, "holder[*]");
	assert_true(strbuf_ends_with(&s, "[*]"));
	strbuf_truncate(&s, 6);
	assert_string_equal(s.text, "holder");
	assert_false(strbuf_ends_with(&s, "[*]"));
	assert_false(strbuf_ends_with(&s, "a longer holder"));
	strbuf_add(&s, "!");
	assert_string_equal(s.text, "holder!");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(adds_in_order),
		cmocka_unit_test(cuts_at_the_end_of_the_array),
		cmocka_unit_test(holds_nothing_in_one_byte),
		cmocka_unit_test(truncates_only_what_is_longer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
