// SPDX-License-Identifier: Apache-2.0
/*
 * From walks over a heap that grows to its holders: who is named, with which sizes, words and
 * content; who is not; and what becomes of them as suspects.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../../user/session/suspects.h"
#include "fake_heap.h"

#define WALKS 4

static const struct holder *holder_of(const struct fake_heap *h, const char *path)
{
	const struct holders *found = &h->heap.holders;

	for (size_t i = 0; i < found->count; i++)
		if (strcmp(found->holder[i].path, path) == 0)
			return &found->holder[i];
	return NULL;
}

/* A list in module app that is there, with ten ints, before anybody looks. */
static uint64_t global_list(struct fake_heap *h, uint64_t names, const char *name)
{
	uint64_t list = fh_list(h, 60);

	for (uint32_t i = 0; i < 10; i++)
		fh_append(h, list, fh_int(h, i));
	fh_dict_add(h, names, fh_str(h, name), list);
	return list;
}

static void find(struct fake_heap *h)
{
	assert_int_equal(heap_search(&h->heap), 0);
}

static void check_growing_list(struct fake_heap *h)
{
	uint64_t names, leak, rest;
	const struct holder *found;

	fh_module(h, "app", &names);
	leak = global_list(h, names, "LEAK");
	rest = global_list(h, names, "REST");
	for (int walk = 0; walk < WALKS; walk++) {
		fh_walk(h, walk);
		for (uint32_t i = 0; i < 5; i++)
			fh_append(h, leak, fh_int(h, 100 + i));
	}
	find(h);
	assert_int_equal(h->heap.holders.count, 1);
	found = &h->heap.holders.holder[0];
	assert_string_equal(found->path, "module app: LEAK");
	assert_string_equal(found->type, "list");
	assert_true(found->sized);
	assert_int_equal(found->objects, 10); /* born by walks 2 and 3, there at 4 */
	assert_int_equal(found->newborn_elements, 5);
	assert_int_equal(found->words, 1);
	assert_int_equal(found->word[0], leak + h->rt.layout.ob_size);
	assert_string_equal(types_get(&h->heap.types, found->content[0].type)->name, "int");
	for (uint32_t i = 0; i < WALKS; i++)
		assert_int_equal(found->size[i], 10 + 5 * i);
	assert_int_equal(found->size[WALKS], SIZE_UNKNOWN);
	assert_int_equal(fh_get(rest + h->rt.layout.ob_size), 10);
	assert_int_equal(h->heap.holders.lost_objects + h->heap.holders.unreached_objects, 0);
}

static void the_list_that_grows_is_the_only_holder(void **state)
{
	(void)state;
	fh_every_layout(check_growing_list);
}

/* Everything that holds something is replaced or there from the beginning. */
static void check_idle(struct fake_heap *h)
{
	uint64_t names, list, items;

	fh_module(h, "app", &names);
	list = global_list(h, names, "LIST");
	items = fh_get(list + h->rt.layout.li_item);
	for (int walk = 0; walk < WALKS; walk++) {
		fh_walk(h, walk);
		fh_free(h, fh_get(items + 8));
		fh_put(items + 8, fh_int(h, 1000 + (uint32_t)walk));
	}
	find(h);
	assert_int_equal(h->heap.holders.count, 0);
	assert_int_equal(h->heap.holders.survivors, 0);
}

static void what_does_not_grow_has_no_holder(void **state)
{
	(void)state;
	fh_every_layout(check_idle);
}

/* Nobody leads to them: counted, and not blamed on anybody. */
static void check_unreached(struct fake_heap *h)
{
	uint64_t names;

	fh_module(h, "app", &names);
	for (int walk = 0; walk < WALKS; walk++) {
		fh_walk(h, walk);
		for (uint32_t i = 0; i < 3; i++)
			fh_int(h, i);
	}
	find(h);
	assert_int_equal(h->heap.holders.count, 0);
	assert_int_equal(h->heap.holders.unreached_objects, 6);
	assert_string_equal(
		types_get(&h->heap.types, h->heap.holders.unreached[0].type)->name, "int");
}

static void what_nobody_reaches_is_counted(void **state)
{
	(void)state;
	fh_every_layout(check_unreached);
}

/* Two lists that grow, the larger first. */
static void check_order(struct fake_heap *h)
{
	uint64_t names, small, large;

	fh_module(h, "app", &names);
	small = global_list(h, names, "SMALL");
	large = global_list(h, names, "LARGE");
	for (int walk = 0; walk < WALKS; walk++) {
		fh_walk(h, walk);
		fh_append(h, small, fh_int(h, 1));
		for (uint32_t i = 0; i < 8; i++)
			fh_append(h, large, fh_int(h, i));
	}
	find(h);
	assert_int_equal(h->heap.holders.count, 2);
	assert_string_equal(h->heap.holders.holder[0].path, "module app: LARGE");
	assert_non_null(holder_of(h, "module app: SMALL"));
}

static void the_larger_comes_first(void **state)
{
	(void)state;
	fh_every_layout(check_order);
}

static void check_suspects(struct fake_heap *h)
{
	struct suspects s = { 0 };
	struct suspect *one;
	uint64_t names, leak;

	fh_module(h, "app", &names);
	leak = global_list(h, names, "LEAK");
	for (int walk = 0; walk < WALKS; walk++) {
		fh_walk(h, walk);
		for (uint32_t i = 0; i < 12; i++)
			fh_append(h, leak, fh_int(h, i));
	}
	find(h);
	assert_int_equal(suspects_take(&s, &h->heap), 0);
	assert_int_equal(s.count, 1);
	one = &s.suspect[0];
	assert_int_equal(one->measured.size.count, WALKS);
	assert_true(one->measured.interval == 2 && one->measured.arrivals_per_second == 12);
	assert_string_equal(one->candidate.content, "int x24");
	assert_int_equal(one->candidate.sizes[3], 46);
	assert_int_equal(one->candidate.sizes[4], UNKNOWN);
	one->store.sites = 1;
	one->store.hits = one->store.site[0].hits = 7;
	suspects_judge(&s, 3);
	assert_int_equal(s.suspect[0].candidate.verdict, VERDICT_LEAK);
	assert_int_equal(one->measured.looked_again, HOLDER_WITNESSES);
	assert_int_equal(one->measured.gone, 0);
	assert_ptr_equal(s.suspect[0].store.size, &s.suspect[0].measured.size);
	/* taken again, from a later search: its stores are kept */
	assert_int_equal(suspects_take(&s, &h->heap), 0);
	assert_int_equal(s.suspect[0].store.hits, 7);
	suspects_name_lines(&s, "denied here");
	assert_int_equal(s.suspect[0].candidate.hits_on_line, 7);
	s.suspect[0].store.sites = 0;
	suspects_name_lines(&s, "denied here");
	assert_string_equal(s.suspect[0].candidate.why_no_line, "denied here");
	/* others in the place of all that stayed */
	for (unsigned i = 0; i < HOLDER_WITNESSES; i++)
		fh_put(blocks_addr(&h->heap.history.now, s.suspect[0].holder->witness[i], NULL,
				   NULL) + h->rt.layout.ob_size + 8,
		       0x5eed);
	suspects_judge(&s, 3); /* that they went later says nothing */
	assert_int_equal(s.suspect[0].candidate.verdict, VERDICT_LEAK);
	assert_int_equal(suspects_take(&s, &h->heap), 0);
	suspects_judge(&s, 3);
	assert_int_equal(s.suspect[0].measured.gone, HOLDER_WITNESSES);
	assert_int_equal(s.suspect[0].candidate.verdict, VERDICT_UNDECIDED);
	suspects_release(&s);
}

static void holders_become_suspects(void **state)
{
	(void)state;
	fh_every_layout(check_suspects);
}

static void check_too_few_walks(struct fake_heap *h)
{
	struct holders found;

	fh_walk(h, 0);
	fh_walk(h, 1);
	assert_int_equal(reach_run(&h->heap.reach), 0);
	assert_int_equal(holders_find(&found, &h->heap.reach), -EINVAL);
}

static void two_walks_have_no_survivors(void **state)
{
	(void)state;
	fh_every_layout(check_too_few_walks);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_list_that_grows_is_the_only_holder),
		cmocka_unit_test(what_does_not_grow_has_no_holder),
		cmocka_unit_test(what_nobody_reaches_is_counted),
		cmocka_unit_test(the_larger_comes_first),
		cmocka_unit_test(holders_become_suspects),
		cmocka_unit_test(two_walks_have_no_survivors),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
