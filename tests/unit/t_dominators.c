// SPDX-License-Identifier: Apache-2.0
/*
 * Retained sizes: of a heap drawn by hand, and of random ones against the definition, which is to
 * take an object away and see what is no longer reached.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "../../user/heap/dominators.h"
#include "fake_heap.h"

#define NODES 40
#define ROUNDS 60

static void find(struct fake_heap *h, struct dominators *d)
{
	fh_walk(h, 0);
	dominators_init(d, &h->heap.reach);
	h->heap.reach.sink = &d->sink;
	assert_int_equal(heap_reach(&h->heap, true), 0);
	h->heap.reach.sink = NULL;
	assert_int_equal(dominators_find(d), 0);
	assert_false(d->at_most);
}

static uint64_t size_of(const struct fake_heap *h, uint64_t address)
{
	uint64_t size;

	assert_int_not_equal(blocks_find(&h->heap.history.now, address, NULL, &size), BLOCK_NONE);
	return (size + 15) / 16 * 16;
}

/* Of a list made by fh_list(): itself and its array. */
static uint64_t list_bytes(const struct fake_heap *h, uint64_t list)
{
	return size_of(h, list) + size_of(h, fh_get(list + h->rt.layout.li_item));
}

static uint64_t retained(const struct fake_heap *h, const struct dominators *d, uint64_t object)
{
	return dominators_bytes(d, fh_block(h, object));
}

static void check_drawn(struct fake_heap *h)
{
	uint64_t names, a, b, c, both, only, number;
	struct dominators d;

	fh_module(h, "app", &names);
	a = fh_list(h, 4);
	b = fh_list(h, 4);
	c = fh_list(h, 4);
	both = fh_list(h, 8);
	only = fh_list(h, 16);
	number = fh_int(h, 5);
	fh_dict_add(h, names, fh_str(h, "A"), a);
	fh_append(h, a, b);
	fh_append(h, a, c);
	fh_append(h, b, both);
	fh_append(h, c, both);
	fh_append(h, b, only);
	fh_append(h, only, number);
	fh_append(h, only, a); /* back up: holds nothing in the end */
	find(h, &d);
	assert_int_equal(retained(h, &d, number), size_of(h, number));
	assert_int_equal(retained(h, &d, both), list_bytes(h, both));
	assert_int_equal(retained(h, &d, c), list_bytes(h, c));
	assert_int_equal(retained(h, &d, b),
			 list_bytes(h, b) + list_bytes(h, only) + size_of(h, number));
	assert_int_equal(retained(h, &d, a), list_bytes(h, a) + list_bytes(h, c) +
						     list_bytes(h, both) + retained(h, &d, b));
	dominators_release(&d);
}

static void what_two_hold_neither_retains(void **state)
{
	(void)state;
	fh_every_layout(check_drawn);
}

static void check_two_modules(struct fake_heap *h)
{
	uint64_t one, two, shared, mine;
	struct dominators d;

	fh_module(h, "one", &one);
	fh_module(h, "two", &two);
	shared = fh_list(h, 4);
	mine = fh_list(h, 4);
	fh_append(h, mine, shared);
	fh_dict_add(h, one, fh_str(h, "MINE"), mine);
	fh_dict_add(h, two, fh_str(h, "SHARED"), shared);
	find(h, &d);
	assert_int_equal(retained(h, &d, mine), list_bytes(h, mine));
	assert_int_equal(d.up[fh_block(h, shared)], DOMINATORS_TOP);
	dominators_release(&d);
}

static void what_two_modules_hold_no_block_retains(void **state)
{
	(void)state;
	fh_every_layout(check_two_modules);
}

struct graph {
	uint64_t list[NODES];
	uint8_t edge[NODES][NODES];
};

static void make_random(struct fake_heap *h, struct graph *g, uint64_t names)
{
	memset(g->edge, 0, sizeof(g->edge));
	for (int i = 0; i < NODES; i++)
		g->list[i] = fh_list(h, 8);
	for (int i = 0; i < 2; i++) {
		char name[8] = { 'A', (char)('0' + i) };

		fh_dict_add(h, names, fh_str(h, name), g->list[i]);
	}
	for (int i = 0; i < NODES; i++) {
		for (int k = 0; k < 1 + i % 3; k++) {
			int to = rand() % NODES;

			fh_append(h, g->list[i], g->list[to]);
			g->edge[i][to] = 1;
		}
	}
}

/* Nodes reached from the two that the module names, without going over @without. */
static void mark(const struct graph *g, int at, int without, uint8_t *seen)
{
	if (at == without || seen[at])
		return;
	seen[at] = 1;
	for (int i = 0; i < NODES; i++)
		if (g->edge[at][i])
			mark(g, i, without, seen);
}

static uint64_t lost_without(const struct fake_heap *h, const struct graph *g, int without)
{
	uint8_t all[NODES] = { 0 }, rest[NODES] = { 0 };
	uint64_t bytes = 0;

	for (int i = 0; i < 2; i++) {
		mark(g, i, -1, all);
		mark(g, i, without, rest);
	}
	for (int i = 0; i < NODES; i++)
		if (all[i] && !rest[i])
			bytes += list_bytes(h, g->list[i]);
	return bytes;
}

static void check_random(struct fake_heap *h)
{
	struct dominators d;
	struct graph g;
	uint64_t names;

	fh_module(h, "app", &names);
	make_random(h, &g, names);
	find(h, &d);
	for (int i = 0; i < NODES; i++) {
		uint8_t seen[NODES] = { 0 };

		mark(&g, 0, -1, seen);
		mark(&g, 1, -1, seen);
		if (seen[i])
			assert_int_equal(retained(h, &d, g.list[i]), lost_without(h, &g, i));
	}
	dominators_release(&d);
}

static void random_heaps_agree_with_the_definition(void **state)
{
	(void)state;
	srand(1);
	for (int round = 0; round < ROUNDS; round++)
		fh_every_layout(check_random);
}

/* C memory that also points there does not count, unless nothing else does. */
static void check_memory(struct fake_heap *h)
{
	uint64_t names, list, item, buffer, lone;
	struct dominators d;

	fh_module(h, "app", &names);
	list = fh_list(h, 4);
	item = fh_list(h, 4);
	lone = fh_list(h, 4);
	buffer = fh_alloc(h, 64);
	fh_append(h, list, item);
	fh_put(buffer, item);
	fh_put(buffer + 8, lone);
	fh_put(fh_fixed(h, 16), buffer); /* a global of C code */
	fh_dict_add(h, names, fh_str(h, "LIST"), list);
	find(h, &d);
	assert_int_equal(retained(h, &d, list), list_bytes(h, list) + list_bytes(h, item));
	assert_int_equal(retained(h, &d, buffer), size_of(h, buffer) + list_bytes(h, lone));
	dominators_release(&d);
}

static void c_memory_counts_where_nothing_else_does(void **state)
{
	(void)state;
	fh_every_layout(check_memory);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_two_hold_neither_retains),
		cmocka_unit_test(what_two_modules_hold_no_block_retains),
		cmocka_unit_test(random_heaps_agree_with_the_definition),
		cmocka_unit_test(c_memory_counts_where_nothing_else_does),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
