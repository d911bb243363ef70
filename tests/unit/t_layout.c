// SPDX-License-Identifier: Apache-2.0
/*
 * Layout tables, self-description, dicts, and the verification of a layout, on a small interpreter
 * that is built in this program's own memory and read as any other process is.
 */
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
#include "../../user/cpython/verify.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static void put(void *at, uint32_t offset, uint64_t value)
{
	memcpy((char *)at + offset, &value, sizeof(value));
}

static uint64_t at(const void *p)
{
	return (uint64_t)(uintptr_t)p;
}

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

/*
 * A dict object and its keys, of @count entries whose keys are 100, 101, ... and values 200, 201,
 * ...
 */
struct fake_dict {
	uint64_t dict[8], keys[64], values[16];
};

static void make_dict(struct fake_dict *f, const struct py_layout *l, int count, bool split)
{
	bool old = py_has(l->dk_size), general = old || (l->minor == 12 && !split);
	int words = general ? 3 : 2;
	uint64_t *entry;

	memset(f, 0, sizeof(*f));
	put(f->dict, l->di_keys, at(f->keys));
	put(f->dict, l->di_values, split ? at(f->values) : 0);
	put(f->keys, l->dk_nentries, (uint64_t)count);
	if (old) {
		put(f->keys, l->dk_size, 16);
	} else {
		((uint8_t *)f->keys)[l->dk_log2_index_bytes] = 4;
		((uint8_t *)f->keys)[l->dk_kind] = general ? 0 : split ? 2 : 1;
	}
	entry = f->keys + (l->dk_indices + 16) / 8;
	for (int i = 0; i < count; i++) {
		entry[i * words + words - 2] = 100 + (uint64_t)i;
		entry[i * words + words - 1] = split ? 0 : 200 + (uint64_t)i;
		if (split)
			f->values[(py_has(l->dv_values) ? l->dv_values / 8 : 0) + i] =
				200 + (uint64_t)i;
	}
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

/*
 * The least that verifies as 3.11: type and object, the types of what follows, an interpreter with
 * one thread, sys.modules with sys and builtins, sys.hexversion, and empty generations. No frame.
 */
struct world {
	uint64_t runtime[128], type[128], object[128], dict_type[64], str_type[64], module_type[64],
		code_type[64];
	uint64_t interp[256], thread[64], cframe[4];
	uint64_t frame[16], control[128];
	uint64_t sys[8], builtins[8], hexversion[4];
	struct fake_dict modules, sys_dict;
	uint64_t text[4][16];
	struct py_runtime rt;
	struct maps maps;
	struct process process;
	struct remote mem;
};

static void make_type(struct world *w, uint64_t *type, const char *name, uint64_t flags)
{
	const struct py_layout *l = &w->rt.layout;

	put(type, l->ob_type, at(w->type));
	put(type, l->tp_name, at(name));
	put(type, l->tp_flags, flags | PY_TPFLAGS_READY);
	put(type, l->tp_basicsize, type == w->type ? l->ht_size : 16);
	put(type, l->tp_base, type == w->object ? 0 : at(w->object));
}

/* state: ASCII, compact, one byte a character */
static uint64_t make_str(struct world *w, int slot, const char *text)
{
	const struct py_layout *l = &w->rt.layout;

	put(w->text[slot], l->ob_type, at(w->str_type));
	put(w->text[slot], l->us_length, strlen(text));
	put(w->text[slot], l->us_state, 1 << 6 | 1 << 5 | 1 << 2);
	snprintf((char *)w->text[slot] + l->us_ascii_data, 32, "%s", text);
	return at(w->text[slot]);
}

static void set_entry(const struct py_layout *l, struct fake_dict *f, int i, uint64_t key,
		      uint64_t value)
{
	uint64_t *entry = f->keys + (l->dk_indices + 16) / 8 + i * 2;

	entry[0] = key;
	entry[1] = value;
}

static void make_modules(struct world *w)
{
	const struct py_layout *l = &w->rt.layout;

	make_dict(&w->modules, l, 2, false);
	make_dict(&w->sys_dict, l, 1, false);
	put(w->modules.dict, l->ob_type, at(w->dict_type));
	put(w->sys_dict.dict, l->ob_type, at(w->dict_type));
	set_entry(l, &w->modules, 0, make_str(w, 0, "sys"), at(w->sys));
	set_entry(l, &w->modules, 1, make_str(w, 1, "builtins"), at(w->builtins));
	set_entry(l, &w->sys_dict, 0, make_str(w, 2, "hexversion"), at(w->hexversion));
	put(w->sys, l->ob_type, at(w->module_type));
	put(w->builtins, l->ob_type, at(w->module_type));
	put(w->sys, l->ml_dict, at(w->sys_dict.dict));
	put(w->hexversion, l->lo_digit, 0x030b02f0);
}

static int make_world(void **state)
{
	struct world *w = calloc(1, sizeof(*w));
	struct py_layout *l = &w->rt.layout;

	py_layout_table(l, 3, 11);
	w->rt.address = at(w->runtime);
	w->rt.type_type = at(w->type);
	w->process = (struct process){.pid = getpid(), .ns_pid = getpid(), .pidfd = -1};
	remote_init(&w->mem, getpid());
	make_type(w, w->type, "type", PY_TPFLAGS_TYPE_SUBCLASS);
	make_type(w, w->object, "object", 0);
	make_type(w, w->dict_type, "dict", PY_TPFLAGS_DICT_SUBCLASS);
	make_type(w, w->str_type, "str", PY_TPFLAGS_UNICODE_SUBCLASS);
	make_type(w, w->module_type, "module", 0);
	make_type(w, w->code_type, "code", 0);
	make_modules(w);
	put(w->runtime, l->rt_interpreters_head, at(w->interp));
	put(w->interp, l->is_modules, at(w->modules.dict));
	put(w->interp, l->is_threads_head, at(w->thread));
	put(w->thread, l->ts_interp, at(w->interp));
	put(w->thread, l->ts_native_thread_id, (uint64_t)getpid());
	put(w->thread, l->ts_cframe, at(w->cframe));
	for (uint32_t i = 0; i < 3; i++) {
		uint32_t head = l->is_gc + l->gc_generations + i * l->gc_generation_size;

		put(w->interp, head, at(w->interp) + head);
		put(w->interp, head + 8, at(w->interp) + head);
	}
	if (maps_read(&w->maps, getpid()))
		return -1;
	*state = w;
	return 0;
}

static int free_world(void **state)
{
	struct world *w = *state;

	maps_release(&w->maps);
	free(w);
	return 0;
}

static void good_world_verifies(void **state)
{
	struct world *w = *state;
	struct py_doubt doubt;

	if (py_verify(&w->rt, &w->process, &w->maps, &w->mem, &doubt))
		fail_msg("%s", doubt.text);
	assert_int_equal(w->rt.layout.version_hex, 0x030b02f0);
	assert_int_equal(w->rt.layout.micro, 2);
	assert_true(w->rt.native_ids);
	assert_int_equal(w->rt.layout.gc_generations, 24);
	assert_non_null(strstr(w->rt.verified,
			       "; 2 modules; sys.hexversion 0x030b02f0; 1 threads, 1 with"));
}

static void key_counts_only_where_it_leads_to_the_thread(void **state)
{
	struct world *w = *state;
	const struct py_layout *l = &w->rt.layout;
	struct py_doubt doubt;

	assert_int_equal(py_verify(&w->rt, &w->process, &w->maps, &w->mem, &doubt), 0);
	assert_false(py_has(w->rt.tss_key)); /* not initialized */
	put(w->runtime, l->rt_autotsskey, 1 | 3ULL << 32);
	put(w->thread, l->ts_thread_id, at(w->control));
	assert_int_equal(py_verify(&w->rt, &w->process, &w->maps, &w->mem, &doubt), 0);
	assert_false(py_has(w->rt.tss_key));
	put(w->control, 0x310 + 3 * 16 + 8, at(w->thread));
	assert_int_equal(py_verify(&w->rt, &w->process, &w->maps, &w->mem, &doubt), 0);
	assert_int_equal(w->rt.tss_key, 3);
	put(w->runtime, l->rt_autotsskey, 1 | 32ULL << 32); /* not in struct pthread */
	assert_int_equal(py_verify(&w->rt, &w->process, &w->maps, &w->mem, &doubt), 0);
	assert_false(py_has(w->rt.tss_key));
}

static void unwind_falls_back_to_lists(void **state)
{
	struct world *w = *state;
	struct py_unwind u;

	w->rt.tss_key = 5;
	w->rt.native_ids = true;
	py_runtime_unwind(&w->rt, &u);
	assert_int_equal(u.thread_by, PY_THREAD_BY_TSS);
	assert_int_equal(u.tss_key, 5);
	assert_int_equal(u.fallback_by, PY_THREAD_BY_NATIVE);
	assert_int_equal(u.ts_thread_id, 160);
	assert_int_equal(u.has_cframe, 1);
	assert_int_equal(u.ts_frame, 56);
	assert_int_equal(u.instr_is_int, 0);
	w->rt.tss_key = PY_ABSENT;
	w->rt.native_ids = false;
	py_layout_table(&w->rt.layout, 3, 10);
	py_runtime_unwind(&w->rt, &u);
	assert_int_equal(u.thread_by, PY_THREAD_BY_FSBASE);
	assert_int_equal(u.fallback_by, PY_THREAD_BY_FSBASE);
	assert_int_equal(u.ts_thread_id, 176);
	assert_int_equal(u.has_cframe, 0);
	assert_int_equal(u.ts_frame, 24);
	assert_int_equal(u.instr_is_int, 1);
	assert_int_equal(u.skip_owner_min, PY_ABSENT);
}

static void moved_generations_are_found(void **state)
{
	struct world *w = *state;
	struct py_layout *l = &w->rt.layout;
	struct py_doubt doubt;

	l->gc_generations -= 8; /* as if the table were of another micro release */
	assert_int_equal(py_verify(&w->rt, &w->process, &w->maps, &w->mem, &doubt), 0);
	assert_int_equal(l->gc_generations, 24);
	put(w->interp, l->is_gc + 24, at(w->interp));
	assert_int_equal(py_verify(&w->rt, &w->process, &w->maps, &w->mem, &doubt), 0);
	assert_false(py_has(l->gc_generations));
}

/* Must be refused with a text that contains @why, then is mended. */
static void refuses(struct world *w, void *where, uint32_t offset, uint64_t value, const char *why)
{
	struct py_doubt doubt;
	uint64_t before;

	memcpy(&before, (char *)where + offset, sizeof(before));
	put(where, offset, value);
	assert_int_equal(py_verify(&w->rt, &w->process, &w->maps, &w->mem, &doubt), -EINVAL);
	if (!strstr(doubt.text, why))
		fail_msg("\"%s\" does not say \"%s\"", doubt.text, why);
	put(where, offset, before);
}

static void broken_worlds_are_refused(void **state)
{
	struct world *w = *state;
	const struct py_layout *l = &w->rt.layout;

	refuses(w, w->type, l->ob_type, at(w->object), "not itself");
	refuses(w, w->type, l->tp_name, at("typ"), "reads \"typ\"");
	refuses(w, w->type, l->tp_name, 0x1000, "reads \"\"");
	refuses(w, w->type, l->tp_basicsize, 864, "tp_basicsize of PyType_Type is 864");
	refuses(w, w->type, l->tp_base, at(w->dict_type), "is called \"dict\"");
	refuses(w, w->runtime, l->rt_interpreters_head, 0, "begins with 0x0");
	refuses(w, w->runtime, l->rt_interpreters_head, 4096, "begins with 0x1000");
	refuses(w, w->interp, l->is_modules, 0, "not a dict");
	refuses(w, w->interp, l->is_modules, at(w->sys), "is a \"module\", not a dict");
	refuses(w, w->modules.dict, l->di_keys, 0x1000, "does not read");
	refuses(w, w->modules.keys, l->dk_indices + 16, at(w->sys), "is no str");
	refuses(w, w->builtins, l->ob_type, at(w->object), "not both sys and builtins");
	refuses(w, w->text[2], l->us_length, 3, "no readable hexversion");
	refuses(w, w->hexversion, l->lo_digit, 0x030c00f0, "the layout is of 3.11");
	refuses(w, w->interp, l->is_threads_head, 0, "has no thread");
	refuses(w, w->thread, l->ts_interp, at(w->sys), "belongs to another");
	refuses(w, w->thread, l->ts_native_thread_id, 1u << 30, "names a thread of the process");
	refuses(w, w->cframe, l->cf_current_frame, at(w->frame), "no frame of 1 threads");
}

static void only_a_missing_interpreter_means_starting(void **state)
{
	struct world *w = *state;
	const struct py_layout *l = &w->rt.layout;
	struct py_doubt doubt;

	put(w->runtime, l->rt_interpreters_head, 0);
	assert_int_equal(py_verify(&w->rt, &w->process, &w->maps, &w->mem, &doubt), -EINVAL);
	assert_true(doubt.starting);
	put(w->runtime, l->rt_interpreters_head, 0x1000);
	assert_int_equal(py_verify(&w->rt, &w->process, &w->maps, &w->mem, &doubt), -EINVAL);
	assert_false(doubt.starting);
}

/* Lists that never end must end the walk, not the walker. */
static void endless_lists_end(void **state)
{
	struct world *w = *state;
	const struct py_layout *l = &w->rt.layout;
	struct py_doubt doubt;

	put(w->runtime, l->rt_interpreters_head, at(w->interp));
	put(w->interp, l->is_next, at(w->interp));
	assert_int_equal(py_verify(&w->rt, &w->process, &w->maps, &w->mem, &doubt), 0);
	put(w->thread, l->ts_next, at(w->thread));
	put(w->frame, l->fr_previous, at(w->frame));
	put(w->cframe, l->cf_current_frame, at(w->frame));
	assert_int_equal(py_verify(&w->rt, &w->process, &w->maps, &w->mem, &doubt), -EINVAL);
	assert_true(w->mem.calls < 1000000);
}

int main(void)
{
#define IN_WORLD(test) cmocka_unit_test_setup_teardown(test, make_world, free_world)
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tables_exist_for_known_versions_only),
		cmocka_unit_test(tables_agree_with_measurements),
		cmocka_unit_test(self_description_replaces_the_table),
		cmocka_unit_test(absurd_self_description_is_refused),
		cmocka_unit_test(without_cookie_there_is_no_self_description),
		cmocka_unit_test(dicts_of_every_version_read),
		cmocka_unit_test(hostile_dicts_are_refused),
		IN_WORLD(good_world_verifies),
		IN_WORLD(key_counts_only_where_it_leads_to_the_thread),
		IN_WORLD(unwind_falls_back_to_lists),
		IN_WORLD(moved_generations_are_found),
		IN_WORLD(broken_worlds_are_refused),
		IN_WORLD(only_a_missing_interpreter_means_starting),
		IN_WORLD(endless_lists_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
