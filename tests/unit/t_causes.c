// SPDX-License-Identifier: Apache-2.0
/*
 * Why a holder grows, told by what is in the heap: containers by what they are, strings that are
 * interned, a queue by its class. And what no holder can be named for.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../../user/causes/cause.h"
#include "../../user/session/unanchored.h"
#include "fake_heap.h"

#define WALKS 4

typedef void (*grow_fn)(struct fake_heap *h, uint64_t container, uint32_t i);

/* Five things more after each walk; the only holder's cause into @c. */
static void explain(struct fake_heap *h, uint64_t container, grow_fn grow, struct candidate *c)
{
	for (int walk = 0; walk < WALKS; walk++) {
		fh_walk(h, walk);
		for (uint32_t i = 0; i < 5; i++)
			grow(h, container, (uint32_t)walk * 5 + i);
	}
	assert_int_equal(heap_search(&h->heap), 0);
	assert_int_equal(h->heap.holders.count, 1);
	*c = (struct candidate){ 0 };
	causes_find(&h->heap, &h->heap.holders.holder[0], c);
	assert_int_equal(!c->cause[0], !c->advice[0]);
}

static void append(struct fake_heap *h, uint64_t list, uint32_t i)
{
	fh_append(h, list, fh_int(h, i));
}

static void check_list(struct fake_heap *h)
{
	uint64_t names, list;
	struct candidate c;

	fh_module(h, "app", &names);
	list = fh_list(h, 60);
	fh_dict_add(h, names, fh_str(h, "LOG"), list);
	append(h, list, 0);
	explain(h, list, append, &c);
	assert_non_null(strstr(c.cause, "a list that is appended to and never emptied, elements of "
					"type int"));
	assert_non_null(strstr(c.advice, "deque(maxlen"));
}

static void add_number(struct fake_heap *h, uint64_t dict, uint32_t i)
{
	fh_dict_add(h, dict, fh_int(h, i), fh_int(h, i + 100));
}

static void check_dict(struct fake_heap *h)
{
	uint64_t names, dict;
	struct candidate c;

	fh_module(h, "app", &names);
	dict = fh_dict(h, 40);
	fh_dict_add(h, names, fh_str(h, "CACHE"), dict);
	add_number(h, dict, 0);
	explain(h, dict, add_number, &c);
	assert_non_null(strstr(c.cause, "a dict that only gets new keys, of type int"));
}

/* Each its own value, as in a table of what was interned. */
static void add_itself(struct fake_heap *h, uint64_t dict, uint32_t i)
{
	uint64_t number = fh_int(h, i);

	fh_put(number + h->rt.layout.ob_type, h->str);
	fh_dict_add(h, dict, number, number);
}

static void check_interned(struct fake_heap *h)
{
	uint64_t names, dict;
	struct candidate c;

	fh_put(h->str + h->rt.layout.tp_mro, fh_tuple(h, 1, &h->str)); /* classes go by that */
	fh_module(h, "app", &names);
	dict = fh_dict(h, 40);
	fh_dict_add(h, names, fh_str(h, "TABLE"), dict);
	add_itself(h, dict, 0);
	explain(h, dict, add_itself, &c);
	assert_string_equal(c.cause, "strings are interned that do not come again");
}

/* A class is told by its full name: one of the same name elsewhere is no queue of Python's. */
static void check_queue(struct fake_heap *h)
{
	uint64_t names, list, queue, type;
	struct candidate c;

	fh_module(h, "app", &names);
	type = fh_type(h, "app.SimpleQueue", PY_TPFLAGS_HAVE_GC, 48, h->object);
	queue = fh_new(h, type, 0);
	list = fh_list(h, 60);
	fh_put(queue + 32, list);
	fh_dict_add(h, names, fh_str(h, "EVENTS"), queue);
	append(h, list, 0);
	explain(h, list, append, &c);
	assert_non_null(strstr(c.cause, "a list that is appended to"));
}

/* C data leads to an array that is made anew as it grows. */
static void check_unanchored(struct fake_heap *h)
{
	uint64_t word = fh_fixed(h, 8), names, items = 0;
	struct candidate c;
	uint32_t count = 0;

	fh_module(h, "app", &names);
	for (int walk = 0; walk < WALKS; walk++) {
		uint64_t more = fh_alloc(h, 1024 + 512ull * (unsigned)walk);

		for (uint32_t i = 0; i < count; i++)
			fh_put(more + 8ull * i, fh_get(items + 8ull * i));
		items = more;
		fh_put(word, items);
		for (uint32_t i = 0; i < 60; i++)
			fh_put(items + 8ull * count++, fh_int(h, i));
		fh_walk(h, walk);
	}
	assert_int_equal(heap_search(&h->heap), 0);
	assert_int_equal(h->heap.holders.count, 0);
	assert_int_equal(h->heap.holders.lost_objects, 120); /* of walks 2 and 3 */
	assert_int_equal(h->heap.holders.lost_newborn, 60);
	assert_true(unanchored_find(&h->heap, &c));
	assert_int_equal(c.verdict, VERDICT_UNDECIDED);
	assert_string_equal(c.content, "int x120");
	assert_non_null(strstr(c.held_by, "C data of"));
}

static void a_list_that_is_appended_to(void **state)
{
	(void)state;
	fh_every_layout(check_list);
}

static void a_dict_that_gets_new_keys(void **state)
{
	(void)state;
	fh_every_layout(check_dict);
}

static void strings_that_are_their_own_value(void **state)
{
	(void)state;
	fh_every_layout(check_interned);
}

static void a_class_is_told_by_its_full_name(void **state)
{
	(void)state;
	fh_every_layout(check_queue);
}

static void what_moves_as_it_grows_is_told(void **state)
{
	(void)state;
	fh_every_layout(check_unanchored);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_list_that_is_appended_to),
		cmocka_unit_test(a_dict_that_gets_new_keys),
		cmocka_unit_test(strings_that_are_their_own_value),
		cmocka_unit_test(a_class_is_told_by_its_full_name),
		cmocka_unit_test(what_moves_as_it_grows_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
