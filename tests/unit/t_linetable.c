// SPDX-License-Identifier: Apache-2.0
/*
 * Line tables against what CPython says of them (tests/golden/linetables/record.py), and against
 * damage. Files named on the command line are checked instead of the recorded ones.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../user/cpython/linetable.h"

#define GOLDEN "tests/golden/linetables/"

static const char *const recorded[] = {
	GOLDEN "3_8.txt",  GOLDEN "3_9.txt",  GOLDEN "3_10.txt",
	GOLDEN "3_11.txt", GOLDEN "3_12.txt", GOLDEN "3_13.txt",
	GOLDEN "3_14.txt", GOLDEN "3_15.txt",
};
static const char *const *files = recorded;
static size_t file_count = sizeof(recorded) / sizeof(recorded[0]);

static size_t from_hex(const char *hex, uint8_t *out)
{
	size_t n = 0;

	if (strcmp(hex, "-") == 0)
		return 0;
	for (; hex[0] && hex[1]; hex += 2) {
		unsigned int byte;

		assert_int_equal(sscanf(hex, "%2x", &byte), 1);
		out[n++] = (uint8_t)byte;
	}
	return n;
}

/* "0:1,4:2,10:-,12:end": offset 0 and 2 have line 1, 4 to 8 line 2, 10 none. */
static unsigned long check_lines(int minor, int first, const uint8_t *table, size_t len, char *text)
{
	enum linetable_format format = linetable_format_of(minor);
	unsigned long checked = 0;
	uint32_t offset = 0;
	int want = -1;

	for (char *part = strtok(text, ","); part; part = strtok(NULL, ",")) {
		char *colon = strchr(part, ':');
		uint32_t next = (uint32_t)strtoul(part, NULL, 10);

		assert_non_null(colon);
		for (; offset < next; offset += 2, checked++) {
			int got = linetable_line(format, table, len, first, offset);

			if (got != want)
				fail_msg("3.%d, first line %d, offset %u: got %d, expected %d",
					 minor, first, offset, got, want);
		}
		want = strcmp(colon + 1, "-") == 0 ? -ENOENT : atoi(colon + 1);
	}
	return checked;
}

static void lines_are_those_of_cpython(void **state)
{
	(void)state;
	for (size_t i = 0; i < file_count; i++) {
		FILE *f = fopen(files[i], "r");
		char *line = NULL;
		size_t cap = 0;
		unsigned long checked = 0;

		if (!f)
			fail_msg("%s: %s (run from the top of the tree)", files[i],
				 strerror(errno));
		while (getline(&line, &cap, f) > 0) {
			char *save;
			char *minor = strtok_r(line, " ", &save),
			     *first = strtok_r(NULL, " ", &save);
			char *hex = strtok_r(NULL, " ", &save),
			     *lines = strtok_r(NULL, " \n", &save);
			uint8_t *table = malloc(strlen(hex) / 2 + 1);
			size_t len = from_hex(hex, table);

			/* An exact allocation, so that a read behind the end is seen. */
			table = realloc(table, len ? len : 1);
			checked += check_lines(atoi(minor), atoi(first), table, len, lines);
			free(table);
		}
		free(line);
		fclose(f);
		print_message("%s: %lu instructions\n", files[i], checked);
		assert_true(checked > 400);
	}
}

static int line_of(enum linetable_format format, const char *bytes, size_t len, uint32_t offset)
{
	uint8_t *table = malloc(len ? len : 1);
	int line;

	memcpy(table, bytes, len);
	line = linetable_line(format, table, len, 10, offset);
	free(table);
	return line;
}

#define LINE_OF(format, bytes, offset) line_of(format, bytes, sizeof(bytes) - 1, offset)

static void lnotab_takes_every_step_up_to_the_offset(void **state)
{
	(void)state;
	assert_int_equal(LINE_OF(LINETABLE_LNOTAB, "", 6), 10);
	assert_int_equal(LINE_OF(LINETABLE_LNOTAB, "\x04\x01\x00\x7f\x02\xfe", 2), 10);
	assert_int_equal(LINE_OF(LINETABLE_LNOTAB, "\x04\x01\x00\x7f\x02\xfe", 4), 138);
	assert_int_equal(LINE_OF(LINETABLE_LNOTAB, "\x04\x01\x00\x7f\x02\xfe", 6), 136);
	assert_int_equal(LINE_OF(LINETABLE_LNOTAB, "\xff\x00\x01\x01", 254), 10);
	assert_int_equal(LINE_OF(LINETABLE_LNOTAB, "\xff\x00\x01\x01", 256), 11);
}

static void ranges_without_a_line_keep_the_running_line(void **state)
{
	(void)state;
	assert_int_equal(LINE_OF(LINETABLE_RANGES, "\x04\x01\x02\x80\x02\x01", 0), 11);
	assert_int_equal(LINE_OF(LINETABLE_RANGES, "\x04\x01\x02\x80\x02\x01", 4), -ENOENT);
	assert_int_equal(LINE_OF(LINETABLE_RANGES, "\x04\x01\x02\x80\x02\x01", 6), 12);
	assert_int_equal(LINE_OF(LINETABLE_RANGES, "\x04\x01\x02\x80\x02\x01", 8), -ENOENT);
}

static void locations_of_each_kind(void **state)
{
	/*
	 * short, one line +2, no columns -3 (svarint 7), long +40 (svarint 80 = 0x50: 0x50 0x01),
	 * none, short
	 */
	static const char table[] = "\x80\x11"
				    "\xe0\x01\x02"
				    "\xe8\x07"
				    "\xf1\x50\x01\x00\x01\x01"
				    "\xf8"
				    "\x80\x01";

	(void)state;
	assert_int_equal(LINE_OF(LINETABLE_LOCATIONS, table, 0), 10);
	assert_int_equal(LINE_OF(LINETABLE_LOCATIONS, table, 2), 12);
	assert_int_equal(LINE_OF(LINETABLE_LOCATIONS, table, 4), 9);
	assert_int_equal(LINE_OF(LINETABLE_LOCATIONS, table, 6), 49);
	assert_int_equal(LINE_OF(LINETABLE_LOCATIONS, table, 8), 49);
	assert_int_equal(LINE_OF(LINETABLE_LOCATIONS, table, 10), -ENOENT);
	assert_int_equal(LINE_OF(LINETABLE_LOCATIONS, table, 12), 49);
	assert_int_equal(LINE_OF(LINETABLE_LOCATIONS, table, 14), -ENOENT);
}

static void damage_is_named(void **state)
{
	(void)state;
	assert_int_equal(LINE_OF(LINETABLE_LNOTAB, "\x04", 0), -EINVAL);
	assert_int_equal(LINE_OF(LINETABLE_LNOTAB, "\x00\x80", 0), -EINVAL); /* line -118 */
	assert_int_equal(LINE_OF(LINETABLE_RANGES, "\x04\x01\x02", 0), -EINVAL);
	assert_int_equal(LINE_OF(LINETABLE_RANGES, "\x04\x81", 0), -EINVAL);
	assert_int_equal(LINE_OF(LINETABLE_LOCATIONS, "\x11\x80", 0), -EINVAL); /* no entry bit */
	assert_int_equal(LINE_OF(LINETABLE_LOCATIONS, "\xe8", 0), -EINVAL);     /* step cut off */
	assert_int_equal(LINE_OF(LINETABLE_LOCATIONS, "\xe8\x47", 0), -EINVAL); /* in the middle */
	assert_int_equal(LINE_OF(LINETABLE_LOCATIONS, "\xe8\x47\x80", 0),
			 -EINVAL); /* by an entry */
	assert_int_equal(LINE_OF(LINETABLE_LOCATIONS, "\xe8\x7f\x7f\x7f\x7f\x7f\x7f\x01", 0),
			 -EINVAL);
	/* Longer than 32 bits, though it adds up to 0. */
	assert_int_equal(LINE_OF(LINETABLE_LOCATIONS, "\xe8\x40\x40\x40\x40\x40\x40\x00", 0),
			 -EINVAL);
	assert_int_equal(LINE_OF(LINETABLE_LOCATIONS, "\xe8\x7f\x7f\x7f\x7f\x7f\x03", 0),
			 -EINVAL); /* line < 0 */
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_are_those_of_cpython),
		cmocka_unit_test(lnotab_takes_every_step_up_to_the_offset),
		cmocka_unit_test(ranges_without_a_line_keep_the_running_line),
		cmocka_unit_test(locations_of_each_kind),
		cmocka_unit_test(damage_is_named),
	};

	if (argc > 1) {
		files = (const char *const *)argv + 1;
		file_count = (size_t)argc - 1;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
