// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "../../user/session/freed.h"

#define NODE 0x1000ULL
#define LIST 0x2000ULL
#define GONE 1ULL

static void name(void *arg, uint64_t type, char *buf, size_t cap)
{
	(void)arg;
	snprintf(buf, cap, "%s", type == NODE ? "app.Node" : "list");
}

/* Of the youngest list: so many of each type gone, the rest alive. */
static struct gc_sample_event of_young(unsigned nodes, unsigned lists, int64_t collected)
{
	struct gc_sample_event e = { .collected = collected, .young = 700 };

	e.count[0] = GC_SAMPLE_LIST;
	for (unsigned i = 0; i < GC_SAMPLE_LIST; i++)
		e.type[i] = i < nodes ? NODE | GONE : i < nodes + lists ? LIST | GONE : NODE;
	return e;
}

static void shares_are_weighted_by_what_was_freed(void **state)
{
	struct gc_sample_event large = of_young(30, 10, 600), small = of_young(0, 20, 200);
	struct pause_freed out;
	struct freed f;

	(void)state;
	freed_init(&f, name, NULL);
	freed_take(&f, &large);
	freed_take(&f, &small);
	freed_sum(&f, &out);
	assert_int_equal(out.samples, 2);
	assert_int_equal(out.objects, 2 * GC_SAMPLE_LIST);
	assert_int_equal(out.gone, 60);
	assert_int_equal(out.types, 2);
	/* Nodes: 600 * 3/4 of 800. */
	assert_string_equal(out.type[0].type, "app.Node");
	assert_float_equal(out.type[0].share, 0.5625, 1e-9);
	assert_float_equal(out.type[1].share, 0.4375, 1e-9);
	/* The two collections differ much, so that nothing is sure. */
	assert_true(out.type[0].plus_minus > 0.5);
	freed_release(&f);
}

static void what_is_always_the_same_is_sure(void **state)
{
	struct gc_sample_event each = of_young(32, 32, 700);
	struct pause_freed out;
	struct freed f;

	(void)state;
	freed_init(&f, name, NULL);
	freed_take(&f, &each);
	freed_sum(&f, &out);
	assert_true(out.type[0].plus_minus < 0); /* of one collection nothing is known */
	for (int i = 0; i < 9; i++)
		freed_take(&f, &each);
	freed_sum(&f, &out);
	assert_float_equal(out.type[0].share, 0.5, 1e-9);
	assert_float_equal(out.type[0].plus_minus, 0, 1e-9);
	freed_release(&f);
}

static void what_full_collections_free_elsewhere_is_of_no_type(void **state)
{
	struct gc_sample_event e = of_young(64, 0, 7000);
	struct pause_freed out;
	struct freed f;

	(void)state;
	e.generation = 2;
	freed_init(&f, name, NULL);
	freed_take(&f, &e);
	freed_sum(&f, &out);
	assert_float_equal(out.older, 0.9, 1e-9); /* 700 of the youngest list, all gone */
	assert_float_equal(out.type[0].share, 0.1, 1e-9);
	freed_release(&f);
}

static void nothing_gone_says_nothing(void **state)
{
	struct gc_sample_event e = of_young(0, 0, 0);
	struct pause_freed out;
	struct freed f;

	(void)state;
	freed_init(&f, name, NULL);
	freed_sum(&f, &out);
	assert_int_equal(out.samples, 0);
	freed_take(&f, &e);
	freed_sum(&f, &out);
	assert_int_equal(out.samples, 1);
	assert_int_equal(out.types, 0);
	freed_release(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(shares_are_weighted_by_what_was_freed),
		cmocka_unit_test(what_is_always_the_same_is_sure),
		cmocka_unit_test(what_full_collections_free_elsewhere_is_of_no_type),
		cmocka_unit_test(nothing_gone_says_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
