// SPDX-License-Identifier: Apache-2.0
/*
 * Frames resolved and remembered; which files are Python's own.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "../../user/symbolize/pyframe.h"
#include "fake_python.h"

struct world {
	struct fake fake;
	struct remote memory;
	struct pyframes *frames;
	uint64_t code;
};

static int set_up(void **state)
{
	struct world *w = calloc(1, sizeof(*w));
	struct py_layout l;

	if (!w || py_layout_table(&l, 3, 11))
		return -1;
	fake_init(&w->fake, &l);
	remote_init(&w->memory, getpid());
	w->frames = pyframes_new(&w->fake.l, &w->memory);
	w->code = fake_code(&w->fake);
	*state = w;
	return w->frames ? 0 : -1;
}

static int tear_down(void **state)
{
	struct world *w = *state;

	pyframes_free(w->frames);
	fake_release(&w->fake);
	free(w);
	pyframes_free(NULL);
	return 0;
}

static struct py_frame_ref ref_at(const struct world *w, int offset)
{
	return (struct py_frame_ref){.code = w->code,
				     .instr = fake_instr(&w->fake, w->code, offset)};
}

static void a_pair_becomes_a_frame(void **state)
{
	struct world *w = *state;
	struct py_frame_ref ref = ref_at(w, 4);
	struct frame f;

	assert_int_equal(pyframes_resolve(w->frames, &ref, &f), 0);
	assert_string_equal(f.file, "/srv/app/cache.py");
	assert_string_equal(f.function, "Cache.remember");
	assert_int_equal(f.line, 43);
	assert_false(f.native);
	ref = ref_at(w, 40);
	assert_int_equal(pyframes_resolve(w->frames, &ref, &f), 0);
	assert_int_equal(f.line, 0);
}

static void an_answer_costs_one_read_the_second_time(void **state)
{
	struct world *w = *state;
	struct py_frame_ref ref = ref_at(w, 0);
	struct frame first, second;
	uint64_t calls;

	assert_int_equal(pyframes_resolve(w->frames, &ref, &first), 0);
	calls = w->memory.calls;
	assert_int_equal(pyframes_resolve(w->frames, &ref, &second), 0);
	assert_int_equal(w->memory.calls, calls + 1);
	assert_memory_equal(&first, &second, sizeof(first));
}

static void another_code_object_at_the_same_address_is_read_anew(void **state)
{
	struct world *w = *state;
	const struct py_layout *l = &w->fake.l;
	struct py_frame_ref ref = ref_at(w, 0);
	struct frame f;

	assert_int_equal(pyframes_resolve(w->frames, &ref, &f), 0);
	fake_set64(w->code, l->co_qualname, fake_ascii(&w->fake, "forget"));
	fake_set64(w->code, l->co_linetable, fake_bytes(&w->fake, "\xe9\x06", 2));
	assert_int_equal(pyframes_resolve(w->frames, &ref, &f), 0);
	assert_string_equal(f.function, "forget");
	assert_int_equal(f.line, 43);
	assert_int_equal(pyframes_resolve(w->frames, &ref, &f), 0);
	assert_string_equal(f.function, "forget");
}

static void an_answer_outlives_the_process(void **state)
{
	struct world *w = *state;
	struct py_frame_ref ref = ref_at(w, 0);
	struct frame f;

	assert_int_equal(pyframes_resolve(w->frames, &ref, &f), 0);
	w->memory.pid = (pid_t)0x7fffffff;
	assert_int_equal(pyframes_resolve(w->frames, &ref, &f), 0);
	assert_string_equal(f.function, "Cache.remember");
	ref = ref_at(w, 2);
	assert_true(pyframes_resolve(w->frames, &ref, &f) < 0);
}

#define ASCII_STATE (1u << 2 | 1u << 5 | 1u << 6) /* kind 1, compact, ascii: as of 3.11 */

static void a_code_object_that_has_gone_keeps_its_copied_name(void **state)
{
	struct world *w = *state;
	struct py_code_copy copy = { ASCII_STATE, ASCII_STATE, "Cache.remember",
				     "/srv/app/cache.py" };
	struct py_frame_ref ref = ref_at(w, 4), gone = { .code = fake_ascii(&w->fake, "a text") };
	struct frame f;

	assert_int_equal(pyframes_resolve_copied(w->frames, &ref, &copy, &f), 0);
	assert_int_equal(f.line, 43); /* it is still there */
	snprintf(copy.name, sizeof(copy.name), "dying\033");
	assert_int_equal(pyframes_resolve_copied(w->frames, &ref, &copy, &f), 0);
	assert_string_equal(f.function, "dying?"); /* another one took its place */
	assert_int_equal(f.line, 0);
	assert_int_equal(pyframes_resolve_copied(w->frames, &gone, &copy, &f), 0);
	assert_string_equal(f.function, "dying?");
	assert_string_equal(f.file, "/srv/app/cache.py");
	copy.file_state = 4u << 2; /* not ASCII: what was copied means nothing */
	assert_int_equal(pyframes_resolve_copied(w->frames, &gone, &copy, &f), -EINVAL);
	memset(copy.name, 'x', sizeof(copy.name)); /* cut: no end */
	assert_int_equal(pyframes_resolve_copied(w->frames, &ref, &copy, &f), 0);
	assert_string_equal(f.function, "Cache.remember");
}

static void what_is_no_code_has_no_name(void **state)
{
	struct world *w = *state;
	struct py_frame_ref ref = { .code = fake_ascii(&w->fake, "a text"), .instr = 1 };
	struct frame f;

	assert_int_equal(pyframes_resolve(w->frames, &ref, &f), -EINVAL);
	assert_string_equal(f.function, "?");
	assert_string_equal(f.file, "");
	assert_int_equal(f.line, 0);
}

static void a_full_cache_starts_anew(void **state)
{
	struct world *w = *state;
	struct py_frame_ref oldest = ref_at(w, 0);
	struct frame f;
	uint64_t calls;

	for (int i = 0; i < PYFRAME_CACHE_MAX + 100; i++) {
		struct py_frame_ref ref = ref_at(w, 2 * i);

		assert_int_equal(pyframes_resolve(w->frames, &ref, &f), 0);
		assert_int_equal(f.line, i < 2 ? 41 : i < 4 ? 43 : 0);
	}
	calls = w->memory.calls;
	assert_int_equal(pyframes_resolve(w->frames, &oldest, &f), 0);
	assert_true(w->memory.calls > calls + 1);
	for (int i = 0; i < 4; i++) {
		struct py_frame_ref ref = ref_at(w, 2 * i);

		assert_int_equal(pyframes_resolve(w->frames, &ref, &f), 0);
		assert_int_equal(f.line, i < 2 ? 41 : 43);
	}
}

static void standard_library_is_told_from_the_program(void **state)
{
	(void)state;
	assert_true(pyframe_is_stdlib("/usr/lib/python3.11/queue.py"));
	assert_true(pyframe_is_stdlib("/usr/lib64/python3.9/asyncio/events.py"));
	assert_true(pyframe_is_stdlib("/opt/py/lib/python3.13/json/decoder.py"));
	assert_true(pyframe_is_stdlib("<frozen importlib._bootstrap>"));
	assert_false(pyframe_is_stdlib("/usr/lib/python3/dist-packages/flask/app.py"));
	assert_false(pyframe_is_stdlib("/usr/local/lib/python3.12/dist-packages/flask/app.py"));
	assert_false(pyframe_is_stdlib("/srv/venv/lib/python3.11/site-packages/flask/app.py"));
	assert_false(pyframe_is_stdlib("/srv/python3.11/app.py"));
	assert_false(pyframe_is_stdlib("/srv/lib/python3.x/app.py"));
	assert_false(pyframe_is_stdlib("<string>"));
	assert_false(pyframe_is_stdlib("queue.py"));
	assert_false(pyframe_is_stdlib(""));
}

#define WITH_WORLD(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_WORLD(a_pair_becomes_a_frame),
		WITH_WORLD(an_answer_costs_one_read_the_second_time),
		WITH_WORLD(another_code_object_at_the_same_address_is_read_anew),
		WITH_WORLD(an_answer_outlives_the_process),
		WITH_WORLD(a_code_object_that_has_gone_keeps_its_copied_name),
		WITH_WORLD(what_is_no_code_has_no_name),
		WITH_WORLD(a_full_cache_starts_anew),
		cmocka_unit_test(standard_library_is_told_from_the_program),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
