// SPDX-License-Identifier: Apache-2.0
/*
 * Which words are types, and which object is in a block: of every layout, and of memory that lies.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "fake_heap.h"

static const struct py_type *type_at(struct fake_heap *h, uint64_t type)
{
	return types_get(&h->heap.types, types_at(&h->heap.types, type));
}

static enum kind kind_of(struct fake_heap *h, uint64_t type)
{
	assert_int_not_equal(types_at(&h->heap.types, type), TYPE_NONE);
	return (enum kind)type_at(h, type)->kind;
}

static void check_kinds(struct fake_heap *h)
{
	const uint64_t heap = PY_TPFLAGS_HEAPTYPE;

	assert_int_equal(kind_of(h, h->list), KIND_LIST);
	assert_int_equal(kind_of(h, h->dict), KIND_DICT);
	assert_int_equal(kind_of(h, h->set), KIND_SET);
	assert_int_equal(kind_of(h, h->deque), KIND_DEQUE);
	assert_int_equal(kind_of(h, h->str), KIND_LEAF);
	assert_int_equal(kind_of(h, h->type), KIND_TYPE);
	assert_int_equal(kind_of(h, h->object), KIND_OBJECT);
	/* a subclass holds as its base does; a class that only took a name does not */
	assert_int_equal(kind_of(h, fh_type(h, "Tags", heap, 300, h->set)), KIND_SET);
	assert_int_equal(type_at(h, fh_type(h, "Tags", heap, 300, h->set))->kind_size,
			 type_at(h, h->set)->basicsize);
	assert_int_equal(kind_of(h, fh_type(h, "set", heap, 40, h->object)), KIND_OBJECT);
	assert_int_equal(kind_of(h, fh_type(h, "collections.deque", heap, 232, h->object)),
			 KIND_DEQUE);
	assert_int_equal(types_at(&h->heap.types, h->list), types_at(&h->heap.types, h->list));
}

static void kinds_are_inherited(void **state)
{
	(void)state;
	fh_every_layout(check_kinds);
}

static void refuse(struct fake_heap *h, uint32_t offset, uint64_t value)
{
	uint64_t type = fh_type(h, "victim", 0, 32, h->object);

	assert_int_not_equal(types_at(&h->heap.types, type), TYPE_NONE);
	types_begin_walk(&h->heap.types);
	fh_put(type + offset, value);
	if (types_at(&h->heap.types, type) != TYPE_NONE)
		fail_msg("3.%d: %#lx at +%u is believed", h->rt.layout.minor, value, offset);
}

static void check_refused(struct fake_heap *h)
{
	const struct py_layout *l = &h->rt.layout;
	uint64_t control = fh_fixed(h, 16);

	memcpy((void *)(uintptr_t)control, "a\033b", 4);
	refuse(h, l->ob_refcnt, 0);
	refuse(h, l->ob_type, h->object); /* which is no metaclass */
	refuse(h, l->ob_type, 0x7000000000f8);
	refuse(h, l->tp_flags, 0);
	refuse(h, l->tp_basicsize, UINT64_MAX);
	refuse(h, l->tp_basicsize, 1ull << 40);
	refuse(h, l->tp_itemsize, 1ull << 40);
	refuse(h, l->tp_dictoffset, 4096);
	refuse(h, l->tp_dictoffset, 1ull << 63);
	refuse(h, l->tp_weaklistoffset, 4096);
	refuse(h, l->tp_name, 0);
	refuse(h, l->tp_name, control);
	refuse(h, l->tp_name, 0xffffffffffffffff);
	assert_int_equal(types_at(&h->heap.types, 0), TYPE_NONE);
	assert_int_equal(types_at(&h->heap.types, h->list + 1), TYPE_NONE);
	assert_int_equal(types_at(&h->heap.types, 0xffff800000000000), TYPE_NONE);
	assert_int_equal(types_at(&h->heap.types, h->fixed + FAKE_FIXED - 8), TYPE_NONE);
}

static void what_has_not_the_shape_of_a_type_is_refused(void **state)
{
	(void)state;
	fh_every_layout(check_refused);
}

/* Bases in a ring, of one and of two; a metaclass that is its own; and a line of hundreds. */
static void check_loops(struct fake_heap *h)
{
	const struct py_layout *l = &h->rt.layout;
	uint64_t one = fh_type(h, "one", 0, 16, 0), two = fh_type(h, "two", 0, 16, one);
	uint64_t meta = fh_type(h, "meta", PY_TPFLAGS_TYPE_SUBCLASS, l->ht_size, 0);
	uint64_t last = h->object;

	fh_put(one + l->tp_base, two);
	assert_int_not_equal(types_at(&h->heap.types, one), TYPE_NONE);
	assert_int_not_equal(types_at(&h->heap.types, two), TYPE_NONE);
	fh_put(two + l->tp_base, two);
	types_begin_walk(&h->heap.types);
	assert_int_not_equal(types_at(&h->heap.types, two), TYPE_NONE);
	fh_put(meta + l->ob_type, meta); /* a metaclass that is its own, and not type */
	assert_int_equal(types_at(&h->heap.types, meta), TYPE_NONE);
	for (int i = 0; i < 500; i++)
		last = fh_type(h, "long", 0, 16, last);
	assert_int_not_equal(types_at(&h->heap.types, last), TYPE_NONE);
	assert_true(h->heap.types.count < 100);
}

static void bases_that_loop_end(void **state)
{
	(void)state;
	fh_every_layout(check_loops);
}

/* Addresses that share one entry of the table of refused addresses, each the other's base. */
static void check_colliding_loop(struct fake_heap *h)
{
	const struct py_layout *l = &h->rt.layout;
	const size_t count = 16u << 20;
	uint64_t *seen = calloc(TYPES_NOT, sizeof(*seen)), all, pair[2] = { 0 };

	all = (uint64_t)(uintptr_t)mmap(NULL, count, PROT_READ | PROT_WRITE,
					MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	assert_non_null(seen);
	for (uint64_t at = all; at < all + count - FAKE_TYPE && !pair[0]; at += FAKE_TYPE) {
		size_t slot = (size_t)((at >> 4) * 0x9E3779B97F4A7C15ull >> 32) % TYPES_NOT;

		if (seen[slot]) {
			pair[0] = seen[slot];
			pair[1] = at;
		}
		seen[slot] = at;
	}
	assert_int_not_equal(pair[0], 0);
	for (int i = 0; i < 2; i++) {
		memcpy((void *)(uintptr_t)pair[i], (void *)(uintptr_t)h->object, FAKE_TYPE);
		fh_put(pair[i] + l->tp_base, pair[!i]);
	}
	assert_int_not_equal(types_at(&h->heap.types, pair[0]), TYPE_NONE);
	assert_true(h->heap.types.count < 100);
	munmap((void *)(uintptr_t)all, count);
	free(seen);
}

static void bases_that_loop_and_collide_end(void **state)
{
	(void)state;
	fh_every_layout(check_colliding_loop);
}

static unsigned int identify(struct fake_heap *h, uint64_t object, uint64_t size, uint32_t *offset)
{
	uint64_t block = object - fh_prefix(h, fh_get(object + h->rt.layout.ob_type));

	return types_identify(&h->heap.types, (void *)(uintptr_t)block, size < 128 ? size : 128,
			      size, offset);
}

static void check_identified(struct fake_heap *h)
{
	const struct py_layout *l = &h->rt.layout;
	uint64_t list = fh_list(h, 4), number = fh_int(h, 3);
	uint32_t offset;

	assert_int_equal(identify(h, list, 64, &offset), types_at(&h->heap.types, h->list));
	assert_int_equal(offset, 16);
	assert_int_equal(identify(h, number, 48, &offset), types_at(&h->heap.types, h->number));
	assert_int_equal(offset, 0);
	/* too small a block for a list; one that was freed; no object at all */
	assert_int_equal(identify(h, list, 48, &offset), TYPE_NONE);
	fh_put(list + l->ob_refcnt, 0);
	assert_int_equal(identify(h, list, 64, &offset), TYPE_NONE);
	fh_put(number + l->ob_type, h->fixed);
	assert_int_equal(types_identify(&h->heap.types, (void *)(uintptr_t)number, 16, 16, &offset),
			 TYPE_NONE);
}

static void objects_are_found_in_their_blocks(void **state)
{
	(void)state;
	fh_every_layout(check_identified);
}

static void check_debug_prefix(struct fake_heap *h)
{
	uint64_t block = fh_alloc(h, 64);
	uint32_t offset;

	fh_put(block, 48);
	fh_put(block + 8, 0xfdfdfdfdfdfdfd00ull | 'o');
	fh_put(block + 16, 1);
	fh_put(block + 24, h->number);
	assert_int_equal(types_identify(&h->heap.types, (void *)(uintptr_t)block, 64, 64, &offset),
			 types_at(&h->heap.types, h->number));
	assert_int_equal(offset, 16);
	assert_int_equal(h->heap.types.debug_prefixes, 1);
}

static void the_debug_allocators_prefix_is_skipped(void **state)
{
	(void)state;
	fh_every_layout(check_debug_prefix);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(kinds_are_inherited),
		cmocka_unit_test(what_has_not_the_shape_of_a_type_is_refused),
		cmocka_unit_test(bases_that_loop_end),
		cmocka_unit_test(bases_that_loop_and_collide_end),
		cmocka_unit_test(objects_are_found_in_their_blocks),
		cmocka_unit_test(the_debug_allocators_prefix_is_skipped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
