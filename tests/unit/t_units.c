// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "../../user/util/units.h"

static void durations_are_parsed(void **state)
{
	static const struct {
		const char *text;
		uint64_t ns;
	} good[] = {
		{"500ms", 500000000}, {"15s", 15000000000},
		{"2m", 120000000000}, {"2min", 120000000000},
		{"1.5s", 1500000000}, {"1h", 3600000000000},
		{"15", 15000000000},  {"0", 0},
		{"0.001ms", 1000},
	};
	static const char *const bad[] = {
		"",       "s",    "-1s", "+1s", "1 s", "1sec", "1.s",       ".5s",
		"1.2.3s", "0x10", "inf", "nan", "1e3", "1ss",  "\xc2\xb5s",
	};
	uint64_t ns;

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		assert_int_equal(units_parse_duration(good[i].text, &ns), 0);
		assert_int_equal(ns, good[i].ns);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (units_parse_duration(bad[i], &ns) != -EINVAL)
			fail_msg("'%s' was taken for a duration", bad[i]);
	assert_int_equal(units_parse_duration("99999999999999999999h", &ns), -ERANGE);
}

static void bytes_have_binary_units(void **state)
{
	static const struct {
		int64_t bytes;
		const char *text;
	} cases[] = {
		{0, "0 B"},
		{1023, "1023 B"},
		{1024, "1.0 KiB"},
		{64717, "63.2 KiB"},
		{1048524, "1023.9 KiB"},
		{1048575, "1.0 MiB"},
		{-1536, "-1.5 KiB"},
		{5368709120, "5.0 GiB"},
		{INT64_MAX, "8.0 EiB"},
		{INT64_MIN, "-8.0 EiB"},
	};
	char buf[UNITS_TEXT];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		units_bytes(buf, cases[i].bytes);
		assert_string_equal(buf, cases[i].text);
	}
}

static void rates_have_a_sign(void **state)
{
	char buf[UNITS_TEXT];

	(void)state;
	units_byte_rate(buf, 64717);
	assert_string_equal(buf, "+63.2 KiB/s");
	units_byte_rate(buf, -3.2);
	assert_string_equal(buf, "-3 B/s");
	units_byte_rate(buf, -0.2);
	assert_string_equal(buf, "+0 B/s");
	units_byte_rate(buf, 0.0 / 0.0);
	assert_string_equal(buf, "? B/s");
	units_byte_rate(buf, 1e300);
	assert_non_null(strchr(buf, '+'));
	units_rate(buf, 512.4);
	assert_string_equal(buf, "+512");
	units_rate(buf, 1024);
	assert_string_equal(buf, "+1,024");
	units_rate(buf, -20);
	assert_string_equal(buf, "-20");
	units_rate(buf, 0.31);
	assert_string_equal(buf, "+0.3");
	units_rate(buf, 0.004);
	assert_string_equal(buf, "+0.004");
	units_rate(buf, 9.96);
	assert_string_equal(buf, "+10");
	units_rate(buf, 0);
	assert_string_equal(buf, "+0.0");
	units_rate(buf, 1e300);
	assert_string_equal(buf, "+1.0e+300");
	units_rate(buf, 0.0 / 0.0);
	assert_string_equal(buf, "?");
}

static void counts_are_grouped(void **state)
{
	static const struct {
		int64_t count;
		const char *text;
	} cases[] = {
		{ 0, "0" },	       { 999, "999" },		       { 1000, "1,000" },
		{ 1234567, "1,234,567" }, { -123, "-123" },	       { -1234, "-1,234" },
		{ INT64_MIN, "-9,223,372,036,854,775,808" },
	};
	char buf[UNITS_TEXT];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		units_count(buf, cases[i].count);
		assert_string_equal(buf, cases[i].text);
	}
}

static void durations_are_printed(void **state)
{
	static const struct {
		double seconds;
		const char *text;
	} cases[] = {
		{ 0, "0 ms" },	  { 0.0251, "25 ms" },	  { 0.9996, "1.0 s" },
		{ 4.23, "4.2 s" }, { 59.96, "1 min 0 s" }, { 125, "2 min 5 s" },
		{ 12000, "3 h 20 min" }, { 292045, "3 d 9 h" },
	};
	char buf[UNITS_TEXT];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		units_duration(buf, cases[i].seconds);
		assert_string_equal(buf, cases[i].text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(durations_are_parsed),
		cmocka_unit_test(bytes_have_binary_units),
		cmocka_unit_test(rates_have_a_sign),
		cmocka_unit_test(counts_are_grouped),
		cmocka_unit_test(durations_are_printed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
