// SPDX-License-Identifier: Apache-2.0
/*
 * The verification of a layout, on a small interpreter that is built in this program's own memory
 * and read as any other process is.
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

#include "../../user/cpython/layout.h"
#include "../../user/cpython/verify.h"
#include "fake_layout.h"

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
