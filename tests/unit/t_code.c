// SPDX-License-Identifier: Apache-2.0
/*
 * Code objects of every layout: names, lines of what frames hold, slots; and damage.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

#include <cmocka.h>

#include "../../user/cpython/code.h"
#include "fake_python.h"

static struct remote memory;

static void for_every_layout(void (*check)(struct fake *f))
{
	unsigned int layouts = 0;

	remote_init(&memory, getpid());
	for (int minor = 8; minor < 30; minor++) {
		struct py_layout l;
		struct fake f;

		if (py_layout_table(&l, 3, minor))
			continue;
		layouts++;
		fake_init(&f, &l);
		check(&f);
		fake_release(&f);
	}
	assert_true(layouts >= 7);
}

static void check_read(struct fake *f)
{
	uint64_t code = fake_code(f);
	struct py_code out;

	assert_int_equal(py_code_read(&f->l, &memory, code, &out), 0);
	assert_int_equal(out.address, code);
	assert_int_equal(out.first_line, 40);
	assert_string_equal(out.file, "/srv/app/cache.py");
	assert_string_equal(out.function, f->l.minor >= 11 ? "Cache.remember" : "remember");
}

static void names_are_read(void **state)
{
	(void)state;
	for_every_layout(check_read);
}

static int line_at(const struct fake *f, uint64_t code, int offset)
{
	return py_code_line(&f->l, &memory, code, fake_instr(f, code, offset));
}

static void check_lines(struct fake *f)
{
	uint64_t code = fake_code(f);

	assert_int_equal(line_at(f, code, -2), 40); /* not begun */
	assert_int_equal(line_at(f, code, 0), 41);
	assert_int_equal(line_at(f, code, 2), 41);
	assert_int_equal(line_at(f, code, 4), 43);
	assert_int_equal(line_at(f, code, 6), 43);
	/* The oldest tables do not say where the last line ends. */
	assert_int_equal(line_at(f, code, 8), f->l.minor < 10 ? 43 : -ENOENT);
	assert_int_equal(line_at(f, code, -40), f->l.facts.lasti_units ? 40 : -EINVAL);
}

static void lines_are_those_of_the_instruction(void **state)
{
	(void)state;
	for_every_layout(check_lines);
}

static void check_slots(struct fake *f)
{
	uint64_t code = fake_code(f);
	unsigned int named, stack;
	char name[16];

	assert_int_equal(py_code_slots(&f->l, &memory, code, &named, &stack), 0);
	assert_int_equal(named, 3);
	assert_int_equal(stack, 6);
	assert_int_equal(py_code_varname(&f->l, &memory, code, 0, name, sizeof(name)), 0);
	assert_string_equal(name, "key");
	assert_int_equal(py_code_varname(&f->l, &memory, code, 1, name, sizeof(name)), 0);
	assert_string_equal(name, "value");
	assert_int_equal(py_code_varname(&f->l, &memory, code, 2, name, sizeof(name)), 0);
	assert_string_equal(name, "app");
	assert_int_equal(py_code_varname(&f->l, &memory, code, 3, name, sizeof(name)), -ENOENT);
}

static void slots_have_names(void **state)
{
	(void)state;
	for_every_layout(check_slots);
}

static void check_damage(struct fake *f)
{
	uint64_t code = fake_code(f);
	const struct py_layout *l = &f->l;
	unsigned int named, stack;
	struct py_code out;
	char name[16];

	assert_int_equal(py_code_read(l, &memory, 0, &out), -EINVAL);
	assert_int_equal(py_code_read(l, &memory, 0x7000000000f8, &out), -EFAULT);
	assert_int_equal(py_code_read(l, &memory, fake_ascii(f, "no code"), &out), -EINVAL);
	fake_set64(code, l->co_filename, 0);
	assert_int_equal(py_code_read(l, &memory, code, &out), -EINVAL);
	fake_set32(code, l->co_stacksize, 0x7fffffff);
	assert_int_equal(py_code_slots(l, &memory, code, &named, &stack), -EINVAL);
	fake_set32(code, l->co_stacksize, 6);
	fake_set32(code, py_has(l->co_nlocalsplus) ? l->co_nlocalsplus : l->co_nlocals, 2);
	assert_int_equal(py_code_slots(l, &memory, code, &named, &stack), -EINVAL);
	fake_set64(code, l->co_linetable, fake_bytes(f, "", 0));
	assert_int_equal(line_at(f, code, 0), l->minor < 10 ? 40 : -ENOENT);
	{
		uint64_t huge = fake_bytes(f, "\x02\x02", 2);

		fake_set64(huge, l->ob_size, 1ULL << 40);
		fake_set64(code, l->co_linetable, huge);
		assert_int_equal(line_at(f, code, 0), -EINVAL);
	}
	fake_set64(code, l->co_linetable, 8);
	assert_int_equal(line_at(f, code, 0), -EINVAL);
	fake_set32(code, l->co_firstlineno, 0x80000000);
	assert_int_equal(line_at(f, code, 0), -EINVAL);
	fake_set64(code, py_has(l->co_localsplusnames) ? l->co_localsplusnames : l->co_varnames,
		   fake_ascii(f, "no tuple, and its hash is no size") + 8);
	assert_true(py_code_varname(l, &memory, code, 1000000, name, sizeof(name)) < 0);
}

static void damage_is_refused(void **state)
{
	(void)state;
	for_every_layout(check_damage);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_are_read),
		cmocka_unit_test(lines_are_those_of_the_instruction),
		cmocka_unit_test(slots_have_names),
		cmocka_unit_test(damage_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
