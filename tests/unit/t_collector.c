// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "../../user/cpython/collector.h"
#include "fake_layout.h"

#define ROOM 16384

/* An interpreter whose collector ran, in this process's own memory. */
struct fake {
	struct py_runtime rt;
	struct remote mem;
	uint64_t runtime[ROOM / 8], interpreter[ROOM / 8], rings[512], list[16], type[64];
	char list_name[8];
	char *state;
};

#define MINOR_FIRST 8
#define MINOR_LAST 15

static void put_half(void *to, uint32_t offset, int32_t value)
{
	memcpy((char *)to + offset, &value, sizeof(value));
}

static void put_stat(char *item, const struct py_layout *l, uint64_t n)
{
	put(item, l->gs_collections, n);
	put(item, l->gs_collected, 10 * n);
	put(item, l->gs_uncollectable, n / 10);
}

static void put_stats(struct fake *f, const struct py_layout *l)
{
	char *rings = (char *)f->rings;

	if (!py_has(l->gs_young_index)) {
		for (uint32_t i = 0; i < GC_GENERATIONS; i++)
			put_stat(f->state + l->gc_stats + i * l->gs_size, l, 100 + i);
		return;
	}
	put(f->state, l->gc_stats, at(rings));
	rings[l->gs_young_index] = 2;
	put_stat(rings + 2 * l->gs_size, l, 100);
	for (uint32_t i = 0; i < 2; i++) {
		char *old = rings + l->gs_old + i * l->gs_old_size;

		old[l->gs_old_index] = 1;
		put_stat(old + l->gs_size, l, 101 + i);
	}
}

static void make(struct fake *f, int minor)
{
	struct py_layout *l = &f->rt.layout;

	memset(f, 0, sizeof(*f));
	assert_int_equal(py_layout_table(l, 3, minor), 0);
	l->micro = 5;
	remote_init(&f->mem, getpid());
	f->rt.pid = getpid();
	f->rt.address = at(f->runtime);
	put(f->runtime, l->rt_interpreters_head, at(f->interpreter));
	f->state = py_has(l->is_gc) ? (char *)f->interpreter + l->is_gc
				    : (char *)f->runtime + l->rt_gc;
	put_half(f->state, l->gc_enabled, 1);
	for (uint32_t i = 0; i < GC_GENERATIONS; i++) {
		char *generation = f->state + l->gc_generations + i * l->gc_generation_size;

		put_half(generation, l->gc_threshold, i ? 10 : 700);
		put_half(generation, l->gc_count, 5 + (int)i);
	}
	if (py_has(l->gc_heap_size))
		put(f->state, l->gc_heap_size, 4321);
	put(f->state, l->gc_long_lived_total, 1000);
	put(f->state, l->gc_long_lived_pending, 200);
	put_stats(f, l);
	memcpy(f->list_name, "list", 5);
	put(f->type, l->tp_name, at(f->list_name));
	put(f->list, l->ob_type, at(f->type));
	put(f->state, l->gc_garbage, at(f->list));
}

static void every_version_verifies_and_reads(void **state)
{
	static struct fake f;

	(void)state;
	for (int minor = MINOR_FIRST; minor <= MINOR_LAST; minor++) {
		struct gc_layout layout;
		struct py_collector c;
		struct err e = { 0 };

		make(&f, minor);
		assert_int_equal(py_collector_layout(&f.rt, &f.mem, &layout, &e), 0);
		assert_int_equal(py_collector_read(&layout, &f.mem, at(f.state), &c, &f.rt.layout),
				 0);
		assert_true(c.enabled);
		assert_int_equal(c.tracked_is_exact, minor >= 14);
		assert_int_equal(c.tracked, c.tracked_is_exact ? 4321 : 1200);
		assert_int_equal(c.garbage, at(f.list));
		for (int g = 0; g < GC_GENERATIONS; g++) {
			assert_int_equal(c.threshold[g], g ? 10 : 700);
			assert_int_equal(c.count[g], 5 + g);
			assert_int_equal(c.stat[g].collections, 100 + g);
			assert_int_equal(c.stat[g].collected, 1000 + 10 * g);
			assert_int_equal(c.stat[g].uncollectable, 10);
		}
	}
}

/* Debian and PyPI have no such build: what tells it is its version alone. */
static void the_incremental_collector_is_refused_by_name(void **state)
{
	static struct fake f;

	(void)state;
	for (uint32_t micro = 0; micro < 6; micro++) {
		struct gc_layout layout;
		struct err e = { 0 };

		make(&f, 14);
		f.rt.layout.micro = (int)micro;
		assert_int_equal(py_collector_layout(&f.rt, &f.mem, &layout, &e),
				 micro < 5 ? -EINVAL : 0);
		if (micro == 5)
			break;
		assert_int_equal(e.exit, EXIT_NOT_PYTHON);
		assert_non_null(strstr(e.text, "incremental collector of CPython 3.14.0"));
	}
}

/* Whatever else lies there instead is not taken for a collector. */
static void other_structures_do_not_verify(void **state)
{
	static struct fake f;
	struct gc_layout layout;

	(void)state;
	for (int broken = 0; broken < 3; broken++) {
		const struct py_layout *l = &f.rt.layout;
		struct err e = { 0 };

		make(&f, 14);
		if (broken == 0)
			memcpy(f.list_name, "tuple", 6);
		else if (broken == 1)
			put(f.state, l->gc_stats + l->gs_collected, (uint64_t)-1);
		else
			put(f.state, l->gc_heap_size, 1ULL << 60);
		assert_int_equal(py_collector_layout(&f.rt, &f.mem, &layout, &e), -EINVAL);
		assert_non_null(strstr(e.text, "does not verify"));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_version_verifies_and_reads),
		cmocka_unit_test(the_incremental_collector_is_refused_by_name),
		cmocka_unit_test(other_structures_do_not_verify),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
