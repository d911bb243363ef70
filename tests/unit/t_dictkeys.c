// SPDX-License-Identifier: Apache-2.0
/*
 * Dict keys: recorded ones of every version against what Python says is in them, and absurd ones.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "../../user/cpython/dictkeys.h"
#include "recorded.h"

static uint64_t word(const struct recorded *record, uint64_t offset)
{
	uint64_t w;

	assert_true(offset + 8 <= RECORDED_BYTES);
	memcpy(&w, record->bytes + offset, sizeof(w));
	return w;
}

/* Entries in order; those that were deleted have no value and are not in @pairs. */
static void check_entries(struct recorded *record, const struct py_dict_keys *keys, char *pairs)
{
	uint64_t at = keys->entries - record->address, i = 0;

	for (char *pair = strtok(pairs, ","); pair; pair = strtok(NULL, ",")) {
		uint64_t key = strtoull(pair, NULL, 16), value;

		value = strtoull(strchr(pair, ':') + 1, NULL, 16);
		while (value && i < keys->count && !word(record, at + keys->value)) {
			at += keys->entry_size;
			i++;
		}
		assert_true(i < keys->count);
		assert_int_equal(word(record, at + keys->key), key);
		if (value)
			assert_int_equal(word(record, at + keys->value), value);
		at += keys->entry_size;
		i++;
	}
	for (; i < keys->count; i++, at += keys->entry_size)
		assert_int_equal(word(record, at + keys->value), 0);
}

static void check_recorded(struct recorded *record)
{
	struct py_dict_keys keys;
	struct py_layout l;
	char name[16];
	int minor;

	assert_int_equal(sscanf(record->head, "%*x %d %15s", &minor, name), 2);
	assert_int_equal(py_layout_table(&l, 3, minor), 0);
	assert_int_equal(py_dict_keys_parse(&l, record->bytes, record->address, &keys), 0);
	assert_int_equal(keys.entries + keys.count * keys.entry_size, record->address + keys.size);
	if (minor >= 11 && strcmp(name, "text") == 0)
		assert_int_equal(keys.entry_size, 16);
	if (strcmp(name, "mixed") == 0)
		assert_int_equal(keys.entry_size, 24);
	check_entries(record, &keys, strrchr(record->head, ' ') + 1);
}

static void recorded_keys_have_the_entries_that_python_lists(void **state)
{
	(void)state;
	for (int minor = 8; minor <= 13; minor++)
		assert_int_equal(recorded_each(minor, "keys", check_recorded), 6);
}

static unsigned int for_every_layout(void (*check)(const struct py_layout *l))
{
	unsigned int layouts = 0;

	for (int minor = 8; minor < 30; minor++) {
		struct py_layout l;

		if (py_layout_table(&l, 3, minor))
			continue;
		check(&l);
		layouts++;
	}
	return layouts;
}

static void refuse(const struct py_layout *l, uint64_t size, uint64_t count)
{
	uint8_t head[PY_DICT_KEYS_HEAD] = { 0 };
	struct py_dict_keys keys;

	if (py_has(l->dk_size))
		memcpy(head + l->dk_size, &size, sizeof(size));
	else
		head[l->dk_log2_index_bytes] = (uint8_t)size;
	memcpy(head + l->dk_nentries, &count, sizeof(count));
	if (py_dict_keys_parse(l, head, 0x1000, &keys) != -EINVAL)
		fail_msg("3.%d: %lu entries in a table of %lu are believed", l->minor, count, size);
}

static void check_absurd(const struct py_layout *l)
{
	if (py_has(l->dk_size)) {
		refuse(l, 0, 0);
		refuse(l, 12, 0);
		refuse(l, 1ULL << 37, 0);
		refuse(l, 1ULL << 63, 0);
		refuse(l, UINT64_MAX, 0);
		refuse(l, 8, 9);
		refuse(l, 8, UINT64_MAX);
	} else {
		refuse(l, 37, 0);
		refuse(l, 64, 0);
		refuse(l, 255, 0);
		refuse(l, 3, 9);
		refuse(l, 3, UINT64_MAX);
	}
}

static void absurd_sizes_are_refused(void **state)
{
	(void)state;
	assert_true(for_every_layout(check_absurd) >= 7);
}

/* The largest table that is believed: nothing overflows on the way to its last entry. */
static void check_largest(const struct py_layout *l)
{
	uint64_t size = py_has(l->dk_size) ? 1ULL << 35 : 36, count = 1ULL << 36;
	uint8_t head[PY_DICT_KEYS_HEAD] = { 0 };
	struct py_dict_keys keys;

	if (py_has(l->dk_size))
		memcpy(head + l->dk_size, &size, sizeof(size));
	else
		head[l->dk_log2_index_bytes] = (uint8_t)size;
	memcpy(head + l->dk_nentries, &count, sizeof(count));
	assert_int_equal(py_dict_keys_parse(l, head, 0x1000, &keys), 0);
	assert_int_equal(keys.count, count);
	assert_true(keys.entries > 0x1000 && keys.size > count * 16 && keys.size < 1ULL << 42);
}

static void the_largest_table_does_not_overflow(void **state)
{
	(void)state;
	assert_true(for_every_layout(check_largest) >= 7);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(recorded_keys_have_the_entries_that_python_lists),
		cmocka_unit_test(absurd_sizes_are_refused),
		cmocka_unit_test(the_largest_table_does_not_overflow),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
