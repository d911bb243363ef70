// SPDX-License-Identifier: Apache-2.0
/*
 * What nobody reaches, in heaps where every reference count is known: cycles are garbage, a count
 * too high is a reference that was not given back, and doubts keep it from being sure.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../../user/heap/refcounts.h"
#include "fake_heap.h"

static void take(struct fake_heap *h, struct refcounts *found)
{
	assert_int_equal(heap_reach(&h->heap, false), 0);
	assert_int_equal(refcounts_take(found, &h->heap.reach), 0);
}

static const struct refcount_row *row_of(const struct fake_heap *h, const struct refcounts *found,
					 const char *type)
{
	for (size_t i = 0; i < found->count; i++)
		if (strcmp(types_get(&h->heap.types, found->row[i].type)->name, type) == 0)
			return &found->row[i];
	return NULL;
}

/* A list that holds itself and an int. */
static uint64_t cycle(struct fake_heap *h)
{
	uint64_t list = fh_list(h, 4);

	fh_append(h, list, list);
	fh_append(h, list, fh_int(h, 7));
	return list;
}

static void check_all_kinds(struct fake_heap *h)
{
	const struct refcount_row *row;
	struct refcounts found;
	uint64_t names, leaked, reached;

	fh_module(h, "app", &names);
	reached = fh_list(h, 4);
	fh_put(reached, 9); /* its count does not matter: it is reached */
	fh_dict_add(h, names, fh_str(h, "LIST"), reached);
	for (int i = 0; i < 3; i++)
		cycle(h);
	leaked = fh_list(h, 4); /* count 1, and nobody holds it */
	fh_append(h, leaked, fh_int(h, 1));
	fh_append(h, leaked, cycle(h));
	fh_put(leaked, 2);
	fh_put(fh_get(fh_get(leaked + h->rt.layout.li_item) + 8), 2); /* by itself and by leaked */
	fh_walk(h, 0);
	take(h, &found);
	assert_int_equal(found.count, 1);
	row = row_of(h, &found, "list");
	assert_non_null(row);
	assert_int_equal(row->own.objects, 1);
	assert_int_equal(row->excess, 2);
	assert_int_equal(row->sure, 1);
	assert_int_equal(row->newborn_sure, 0);
	assert_int_equal(row->examples, 1);
	assert_int_equal(row->example[0], leaked);
	assert_int_equal(row->held.objects, 3);
	assert_int_equal(found.garbage.objects, 6);
	assert_int_equal(found.torn.objects + found.gone.objects + found.memory.objects, 0);
	refcounts_release(&found);
}

static void a_count_too_high_is_told_from_a_cycle(void **state)
{
	(void)state;
	fh_every_layout(check_all_kinds);
}

/* Of two ints that lost a reference, that one alone is without doubt. */
static void check_only_sure(struct fake_heap *h, uint64_t lone)
{
	const struct refcount_row *row;
	struct refcounts found;

	fh_walk(h, 0);
	take(h, &found);
	row = row_of(h, &found, "int");
	assert_non_null(row);
	assert_int_equal(row->own.objects, 2);
	assert_int_equal(row->sure, 1);
	assert_int_equal(row->example[0], lone);
	refcounts_release(&found);
}

static void check_doubts(struct fake_heap *h)
{
	uint64_t names, known, raw, lone;

	fh_module(h, "app", &names);
	known = fh_int(h, 1);
	lone = fh_int(h, 2);
	/* behind the end of a list that is reached: a stale word, but nobody can know */
	raw = fh_list(h, 4);
	fh_put(fh_get(raw + h->rt.layout.li_item) + 16, known);
	fh_dict_add(h, names, fh_str(h, "LIST"), raw);
	check_only_sure(h, lone);
}

static void what_a_stray_word_points_to_is_not_sure(void **state)
{
	(void)state;
	fh_every_layout(check_doubts);
}

/* Where references were counted there is a word more by the end, as after a new owner came. */
static void check_words(struct fake_heap *h)
{
	uint64_t names, known, lone, list;

	fh_module(h, "app", &names);
	known = fh_int(h, 1);
	lone = fh_int(h, 2);
	list = cycle(h);
	fh_put(fh_get(list + h->rt.layout.li_item) + 24, known);
	check_only_sure(h, lone);
}

static void more_words_than_were_counted_are_a_doubt(void **state)
{
	(void)state;
	fh_every_layout(check_words);
}

static void check_memory(struct fake_heap *h)
{
	uint64_t names, held, buffer;
	struct refcounts found;

	fh_module(h, "app", &names);
	held = fh_list(h, 4);
	fh_append(h, held, fh_int(h, 1));
	buffer = fh_alloc(h, 64); /* of C code, that nothing leads to */
	fh_put(buffer + 24, held);
	fh_walk(h, 0);
	take(h, &found);
	assert_int_equal(found.count, 0);
	assert_int_equal(found.memory.objects, 2);
	assert_int_equal(found.garbage.objects, 0);
	refcounts_release(&found);
}

static void what_unreached_memory_holds_is_no_garbage(void **state)
{
	(void)state;
	fh_every_layout(check_memory);
}

static void check_torn(struct fake_heap *h)
{
	struct refcounts found;
	uint64_t names, list, freed;

	fh_module(h, "app", &names);
	list = cycle(h);
	fh_append(h, list, list); /* its count is still 1 */
	freed = fh_int(h, 3);
	fh_walk(h, 0);
	fh_put(freed, 0);
	take(h, &found);
	assert_int_equal(found.count, 0);
	assert_int_equal(found.torn.objects, 1);
	assert_int_equal(found.gone.objects, 1);
	assert_int_equal(found.garbage.objects, 1);
	refcounts_release(&found);
}

static void what_changed_meanwhile_is_told_apart(void **state)
{
	(void)state;
	fh_every_layout(check_torn);
}

static void check_newborn(struct fake_heap *h)
{
	const struct refcount_row *row;
	struct refcounts found;
	uint64_t names, second;

	fh_module(h, "app", &names);
	fh_int(h, 1);
	fh_walk(h, 0);
	second = fh_int(h, 2);
	fh_walk(h, 1);
	fh_int(h, 3); /* only the last walk sees it: perhaps just under way */
	fh_walk(h, 2);
	take(h, &found);
	row = row_of(h, &found, "int");
	assert_non_null(row);
	assert_int_equal(row->own.objects, 3);
	assert_int_equal(row->sure, 2);
	assert_int_equal(row->newborn_sure, 1);
	assert_true(row->example[0] == second || row->example[1] == second);
	refcounts_release(&found);
}

static void survivors_of_a_look_are_counted_apart(void **state)
{
	(void)state;
	fh_every_layout(check_newborn);
}

/* An object of a class that nothing else leads to: the class is no leak. */
static void check_class(struct fake_heap *h)
{
	const struct py_layout *l = &h->rt.layout;
	struct refcounts found;
	uint64_t names, class, object;

	fh_module(h, "app", &names);
	class = fh_alloc(h, 16 + l->ht_size) + 16;
	memcpy((void *)(uintptr_t)class, (void *)(uintptr_t)h->object, l->ht_size);
	fh_put(class + l->tp_flags, fh_get(class + l->tp_flags) | PY_TPFLAGS_HEAPTYPE);
	fh_put(h->type + l->tp_flags, fh_get(h->type + l->tp_flags) | PY_TPFLAGS_HAVE_GC);
	object = fh_new(h, class, 0);
	fh_dict_add(h, names, fh_str(h, "ONE"), object);
	fh_walk(h, 0);
	take(h, &found);
	assert_int_equal(found.count, 0);
	assert_true(parents_reached(&h->heap.reach.parents, fh_block(h, class)));
	refcounts_release(&found);
}

static void an_instance_holds_its_class(void **state)
{
	(void)state;
	fh_every_layout(check_class);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_count_too_high_is_told_from_a_cycle),
		cmocka_unit_test(what_a_stray_word_points_to_is_not_sure),
		cmocka_unit_test(more_words_than_were_counted_are_a_doubt),
		cmocka_unit_test(what_unreached_memory_holds_is_no_garbage),
		cmocka_unit_test(what_changed_meanwhile_is_told_apart),
		cmocka_unit_test(survivors_of_a_look_are_counted_apart),
		cmocka_unit_test(an_instance_holds_its_class),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
