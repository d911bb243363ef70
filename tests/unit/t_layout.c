// SPDX-License-Identifier: Apache-2.0
/* Layout tables, self-description, and the dicts of every version. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "../../user/cpython/debugoffsets.h"
#include "../../user/cpython/dict.h"
#include "../../user/cpython/layout.h"
#include "fake_layout.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static void tables_exist_for_known_versions_only(void **state)
{
	struct py_layout l;

	(void)state;
	for (int minor = 8; minor <= 15; minor++) {
		assert_int_equal(py_layout_table(&l, 3, minor), 0);
		assert_int_equal(l.major, 3);
		assert_int_equal(l.minor, minor);
		assert_false(l.self_described);
	}
	assert_int_equal(py_layout_table(&l, 3, 7), -ENOENT);
	assert_int_equal(py_layout_table(&l, 3, 16), -ENOENT);
	assert_int_equal(py_layout_table(&l, 2, 8), -ENOENT);
	assert_int_equal(py_layout_table(&l, 4, 11), -ENOENT);
}

/* Measured with gdb on the builds, not taken from the generator. */
static void tables_agree_with_measurements(void **state)
{
#define FIELD(name) #name, offsetof(struct py_layout, name)
	static const struct {
		const char *name;
		size_t field;
		uint32_t value[8]; /* 3.8 to 3.15 */
	} measured[] = {
		{FIELD(rt_interpreters_head), {0x20, 0x20, 0x20, 0x28, 0x28, 0x278, 0x328, 0x3a8}},
		{FIELD(rt_autotsskey), {1392, 584, 584, 0x250, 0x608, 0x870, 2336, PY_ABSENT}},
		{FIELD(is_modules), {56, 856, 856, 0x378, 0x3b0, 7656, 7688, 7592}},
		{FIELD(ts_frame), {24, 24, 24, PY_ABSENT, PY_ABSENT, 72, 72, 72}},
		{FIELD(cf_current_frame),
		 {PY_ABSENT, PY_ABSENT, PY_ABSENT, 8, 0, PY_ABSENT, PY_ABSENT, PY_ABSENT}},
		{FIELD(fr_code), {32, 32, 32, 32, 0, 0, 0, 0}},
		{FIELD(fr_instr), {104, 104, 96, 56, 56, 56, 56, 56}},
		{FIELD(fr_localsplus), {360, 360, 352, 72, 72, 72, 80, 80}},
		{FIELD(co_code_adaptive),
		 {PY_ABSENT, PY_ABSENT, PY_ABSENT, 184, 192, 200, 208, 208}},
		{FIELD(us_ascii_data), {48, 48, 48, 48, 40, 40, 40, 40}},
		{FIELD(ht_cached_keys), {872, 864, 872, 872, 880, 880, 880, 888}},
		{FIELD(tu_item), {24, 24, 24, 24, 24, 24, 32, 32}},
		{FIELD(fu_code), {16, 16, 48, 48, 48, 48, 48, 48}},
		{FIELD(ge_iframe), {PY_ABSENT, PY_ABSENT, PY_ABSENT, 80, 72, 72, 72, 72}},
		{FIELD(facts.pool_size), {4096, 4096, 16384, 16384, 16384, 16384, 16384, 16384}},
		{FIELD(facts.lasti_units), {1, 1, 2, 0, 0, 0, 0, 0}},
		{FIELD(facts.tagged_refs), {0, 0, 0, 0, 0, 0, 1, 1}},
		{FIELD(facts.skip_owner_min),
		 {PY_ABSENT, PY_ABSENT, PY_ABSENT, PY_ABSENT, 3, 3, 3, 3}},
	};
#undef FIELD

	(void)state;
	for (int minor = 8; minor <= 15; minor++) {
		struct py_layout l;

		assert_int_equal(py_layout_table(&l, 3, minor), 0);
		for (size_t i = 0; i < COUNT(measured); i++) {
			uint32_t has = *(uint32_t *)((char *)&l + measured[i].field);

			if (has != measured[i].value[minor - 8])
				fail_msg("3.%d %s is %u", minor, measured[i].name, has);
		}
	}
}

static void self_description_replaces_the_table(void **state)
{
	struct py_debug_offsets d = {.word = {0x7970677562656478, 0x030e02f0}}, read;
	struct py_layout l;
	const char *field = NULL;
	struct remote mem;

	(void)state;
	remote_init(&mem, getpid());
	for (int i = 3; i < PY_DEBUG_OFFSETS_WORDS; i++)
		d.word[i] = (uint64_t)(i % 16) * 8;
	d.word[9] = 12345; /* interpreter_state.threads_head */
	assert_int_equal(py_debug_offsets_read(&read, &mem, at(&d)), 0);
	assert_int_equal(py_debug_offsets_version(&read), 0x030e02f0);
	assert_false(py_debug_offsets_free_threaded(&read));
	assert_int_equal(py_layout_table(&l, 3, 14), 0);
	assert_int_equal(py_debug_offsets_apply(&read, &l, &field), 0);
	assert_true(l.self_described);
	assert_int_equal(l.is_threads_head, 12345);
	assert_int_equal(l.fr_code, 33 % 16 * 8); /* word 33 in 3.14 */
	assert_int_equal(l.dq_leftblock, 24);     /* not described: as in the table */
}

static void absurd_self_description_is_refused(void **state)
{
	static const struct {
		int word;
		uint64_t value;
		const char *field;
	} absurd[] = {
		{9, 1ULL << 32, "is_threads_head"}, /* would be cut to 0 */
		{34, 128, "fr_instr"},              /* outside of what the stack walker reads */
		{57, 5000, "tu_item"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(absurd); i++) {
		struct py_debug_offsets d = {0};
		const char *field = NULL;
		struct py_layout l;

		py_layout_table(&l, 3, 14);
		d.word[absurd[i].word] = absurd[i].value;
		assert_int_equal(py_debug_offsets_apply(&d, &l, &field), -EINVAL);
		assert_string_equal(field, absurd[i].field);
	}
}

static void without_cookie_there_is_no_self_description(void **state)
{
	struct py_debug_offsets d = {0}, read;
	const char *field = NULL;
	struct remote mem;
	struct py_layout l;

	(void)state;
	remote_init(&mem, getpid());
	assert_int_equal(py_debug_offsets_read(&read, &mem, at(&d)), -ENOENT);
	assert_int_equal(py_debug_offsets_read(&read, &mem, 8), -EFAULT);
	py_layout_table(&l, 3, 12);
	assert_int_equal(py_debug_offsets_apply(&d, &l, &field), -EINVAL);
}

struct seen {
	int count, stop_at;
};

static int see(void *arg, uint64_t key, uint64_t value)
{
	struct seen *s = arg;

	assert_int_equal(key, 100 + s->count);
	assert_int_equal(value, 200 + s->count);
	return ++s->count == s->stop_at ? 7 : 0;
}

static void dicts_of_every_version_read(void **state)
{
	struct remote mem;

	(void)state;
	remote_init(&mem, getpid());
	for (int minor = 8; minor <= 15; minor++) {
		for (int split = 0; split < 2; split++) {
			struct fake_dict f;
			struct seen s = {0}, stopped = {.stop_at = 3};
			struct py_layout l;

			py_layout_table(&l, 3, minor);
			make_dict(&f, &l, 10, split);
			assert_int_equal(py_dict_each(&l, &mem, at(f.dict), see, &s), 0);
			assert_int_equal(s.count, 10);
			assert_int_equal(py_dict_each(&l, &mem, at(f.dict), see, &stopped), 7);
			assert_int_equal(stopped.count, 3);
		}
	}
}

static void hostile_dicts_are_refused(void **state)
{
	struct seen s = {0};
	struct fake_dict f;
	struct remote mem;
	struct py_layout l;

	(void)state;
	remote_init(&mem, getpid());
	py_layout_table(&l, 3, 11);
	assert_int_equal(py_dict_each(&l, &mem, 0, see, &s), -EINVAL);
	assert_int_equal(py_dict_each(&l, &mem, 12345, see, &s), -EINVAL);
	make_dict(&f, &l, 4, false);
	put(f.keys, l.dk_nentries, UINT64_MAX);
	assert_int_equal(py_dict_each(&l, &mem, at(f.dict), see, &s), -EINVAL);
	make_dict(&f, &l, 4, false);
	((uint8_t *)f.keys)[l.dk_log2_index_bytes] = 200;
	assert_int_equal(py_dict_each(&l, &mem, at(f.dict), see, &s), -EINVAL);
	make_dict(&f, &l, 4, false);
	put(f.dict, l.di_keys, 0x1000);
	assert_int_equal(py_dict_each(&l, &mem, at(f.dict), see, &s), -EFAULT);
	make_dict(&f, &l, 4, true);
	put(f.dict, l.di_values, 0x1000);
	assert_int_equal(py_dict_each(&l, &mem, at(f.dict), see, &s), -EFAULT);
	assert_int_equal(s.count, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tables_exist_for_known_versions_only),
		cmocka_unit_test(tables_agree_with_measurements),
		cmocka_unit_test(self_description_replaces_the_table),
		cmocka_unit_test(absurd_self_description_is_refused),
		cmocka_unit_test(without_cookie_there_is_no_self_description),
		cmocka_unit_test(dicts_of_every_version_read),
		cmocka_unit_test(hostile_dicts_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
