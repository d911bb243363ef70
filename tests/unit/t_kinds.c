// SPDX-License-Identifier: Apache-2.0
/*
 * How each kind of object holds others, in every layout: the path that is written, the slot and the
 * word with the size; and objects that lie about what they hold.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include <cmocka.h>

#include "../../user/heap/kinds.h"
#include "../../user/heap/path.h"
#include "fake_heap.h"

/* Set @name of the module app, whose namespace is @names. */
static void set_global(struct fake_heap *h, uint64_t names, const char *name, uint64_t value)
{
	fh_dict_add(h, names, fh_str(h, name), value);
}

/* As if everything had been born at the second walk: of what is older, leaves have no parent. */
static void search(struct fake_heap *h)
{
	struct blocks *now = &h->heap.history.now;

	for (int i = 0; i < 3; i++)
		fh_walk(h, i);
	for (uint32_t i = 0; i < now->count; i++)
		if (now->print[i])
			now->birth[i] = (uint8_t)((now->birth[i] & ~BIRTH_WALK) | 2);
	assert_int_equal(reach_run(&h->heap.reach), 0);
}

static void expect_path(struct fake_heap *h, uint64_t object, const char *want)
{
	char path[512];

	assert_int_not_equal(fh_block(h, object), BLOCK_NONE);
	path_write(&h->heap.reach, fh_block(h, object), path, sizeof(path));
	if (strcmp(path, want) != 0)
		fail_msg("3.%d: '%s' instead of '%s'", h->rt.layout.minor, path, want);
}

/* The slot that holds @object, as the search found it, is @at. */
static void expect_slot(struct fake_heap *h, uint64_t object, uint64_t at)
{
	struct reach *r = &h->heap.reach;
	uint32_t block = fh_block(h, object);
	struct object parent;

	reach_object(r, reach_parent(r, block), &parent);
	if (kinds_slot(r, &parent, reach_parent_edge(r, block)) != at)
		fail_msg("3.%d: slot of %s", h->rt.layout.minor, parent.type->name);
}

static void check_list_and_tuple(struct fake_heap *h)
{
	const struct py_layout *l = &h->rt.layout;
	uint64_t names, list, in_list, pair[2], tuple, many[9], long_tuple, stale;

	fh_module(h, "app", &names);
	list = fh_list(h, 8);
	fh_append(h, list, in_list = fh_int(h, 1));
	stale = fh_int(h, 7); /* behind the last element: nobody's */
	fh_put(fh_get(list + l->li_item) + 8, stale);
	pair[0] = fh_int(h, 2);
	pair[1] = fh_int(h, 3);
	tuple = fh_tuple(h, 2, pair);
	for (int i = 0; i < 9; i++)
		many[i] = fh_int(h, 4);
	long_tuple = fh_tuple(h, 9, many);
	set_global(h, names, "LIST", list);
	set_global(h, names, "PAIR", tuple);
	set_global(h, names, "LONG", long_tuple);
	search(h);
	expect_path(h, list, "module app: LIST");
	expect_path(h, in_list, "module app: LIST[*]");
	expect_slot(h, in_list, fh_get(list + l->li_item));
	expect_path(h, pair[1], "module app: PAIR[1]");
	expect_slot(h, pair[1], tuple + l->tu_item + 8);
	expect_path(h, many[8], "module app: LONG[*]");
	assert_int_equal(reach_parent(&h->heap.reach, fh_block(h, stale)), PARENT_NONE);
}

static void lists_and_tuples_hold_their_elements(void **state)
{
	(void)state;
	fh_every_layout(check_list_and_tuple);
}

static void check_dict(struct fake_heap *h)
{
	uint64_t names, dict, value, key, keyed, keys, large, entry, deleted;
	struct py_dict_keys parsed;

	fh_module(h, "app", &names);
	dict = fh_dict(h, 8);
	deleted = fh_int(h, 9);
	fh_dict_add(h, dict, deleted, 0); /* a key without a value: deleted */
	fh_dict_add(h, dict, fh_str(h, "tcp-listener"), value = fh_int(h, 1));
	fh_dict_add(h, dict, key = fh_int(h, 2), keyed = fh_int(h, 3));
	large = fh_dict(h, 70);
	for (int i = 0; i < 70; i++)
		fh_dict_add(h, large, fh_str(h, "k"), entry = fh_int(h, 4));
	set_global(h, names, "CONF", dict);
	set_global(h, names, "SESSIONS", large);
	search(h);
	expect_path(h, value, "module app: CONF['tcp-listener']");
	expect_path(h, keyed, "module app: CONF[*]");
	expect_path(h, key, "module app: CONF{key}");
	expect_path(h, entry, "module app: SESSIONS[*]");
	assert_int_equal(reach_parent(&h->heap.reach, fh_block(h, deleted)), PARENT_NONE);
	keys = fh_get(dict + h->rt.layout.di_keys);
	assert_int_equal(
		py_dict_keys_parse(&h->rt.layout, (void *)(uintptr_t)keys, keys, &parsed), 0);
	expect_slot(h, value, parsed.entries + parsed.entry_size + parsed.value);
	assert_int_equal(reach_parent_edge(&h->heap.reach, fh_block(h, keys)), EDGE_STORAGE);
}

static void dicts_hold_keys_and_values(void **state)
{
	(void)state;
	fh_every_layout(check_dict);
}

static void check_set_and_deque(struct fake_heap *h)
{
	const struct py_layout *l = &h->rt.layout;
	uint64_t names, set, big, table, elem, far_elem, deque, block[2], first, last, spare;

	fh_module(h, "app", &names);
	set = fh_new(h, h->set, 0);
	fh_put(set + l->se_mask, 7);
	fh_put(set + l->se_used, 1);
	fh_put(set + l->se_table, set + l->se_smalltable);
	fh_put(set + l->se_smalltable + 5 * 16, elem = fh_int(h, 1));
	big = fh_new(h, h->set, 0);
	table = fh_alloc(h, 32 * 16);
	fh_put(big + l->se_mask, 31);
	fh_put(big + l->se_table, table);
	fh_put(table + 31 * 16, far_elem = fh_int(h, 2));
	deque = fh_new(h, h->deque, 0);
	for (int i = 0; i < 2; i++)
		block[i] = fh_alloc(h, l->db_rightlink + 8);
	fh_put(deque + l->ob_size, 3);
	fh_put(deque + l->dq_leftblock, block[0]);
	fh_put(deque + l->dq_leftindex, l->db_len - 1);
	fh_put(block[0] + l->db_data + (l->db_len - 1) * 8ull, first = fh_int(h, 3));
	fh_put(block[0] + l->db_rightlink, block[1]);
	fh_put(block[1] + l->db_data + 8, last = fh_int(h, 4));
	fh_put(block[1] + l->db_data + 16, spare = fh_int(h, 5));
	set_global(h, names, "TAGS", set);
	set_global(h, names, "SEEN", big);
	set_global(h, names, "QUEUE", deque);
	search(h);
	expect_path(h, elem, "module app: TAGS{elem}");
	expect_path(h, far_elem, "module app: SEEN{elem}");
	expect_path(h, first, "module app: QUEUE[*]");
	expect_path(h, last, "module app: QUEUE[*]");
	assert_int_equal(reach_parent(&h->heap.reach, fh_block(h, spare)), PARENT_NONE);
	assert_int_equal(reach_parent_edge(&h->heap.reach, fh_block(h, table)), EDGE_STORAGE);
	assert_int_equal(reach_parent_edge(&h->heap.reach, fh_block(h, block[1])), EDGE_STORAGE);
}

static void sets_and_deques_hold_their_elements(void **state)
{
	(void)state;
	fh_every_layout(check_set_and_deque);
}

/* The values of the attributes user and cart, wherever the version has them. */
static uint64_t make_instance(struct fake_heap *h, uint64_t user, uint64_t cart)
{
	const struct py_layout *l = &h->rt.layout;
	bool managed = l->facts.managed_dict, inlined = l->facts.inline_values;
	uint64_t flags = PY_TPFLAGS_HEAPTYPE | PY_TPFLAGS_HAVE_GC |
			 (managed ? PY_TPFLAGS_MANAGED_DICT : 0) |
			 (inlined ? PY_TPFLAGS_INLINE_VALUES : 0);
	uint64_t type = fh_type(h, "Session", flags, managed ? 16 : 32, h->object);
	uint64_t keys = fh_fixed(h, fh_keys_size(h, 8)), object, values, dict;

	fh_keys_init(h, keys, 8, true);
	fh_keys_add(h, keys, fh_str(h, "user"), 0);
	fh_keys_add(h, keys, fh_str(h, "cart"), 0);
	fh_put(type + l->ht_cached_keys, keys);
	if (!managed) { /* a split dict: shared keys, values of its own */
		fh_put(type + l->tp_dictoffset, 16);
		object = fh_new(h, type, 0);
		dict = fh_new(h, h->dict, 0);
		fh_put(object + 16, dict);
		fh_put(dict + l->di_keys, keys);
		fh_put(dict + l->di_values, values = fh_alloc(h, 64));
	} else if (inlined) {
		object = fh_new(h, type, l->dv_values + 64);
		values = object + 16 + l->dv_values;
		*(uint8_t *)(uintptr_t)(object + 16 + l->dv_capacity) = 8;
		*(uint8_t *)(uintptr_t)(object + 16 + 3) = 1;
	} else {
		object = fh_new(h, type, 0);
		values = fh_alloc(h, 64 + 16) + 16; /* a prefix with the order of insertion */
		if (l->minor == 11)
			fh_put(object - 32, values);
		else
			fh_put(object - 24, values - 1);
	}
	fh_put(values, user);
	fh_put(values + 8, cart);
	return object;
}

static void check_instance(struct fake_heap *h)
{
	uint64_t names, user = fh_int(h, 1), cart = fh_int(h, 2), object, parent_slot;
	struct reach *r = &h->heap.reach;
	struct object parent;

	fh_module(h, "app", &names);
	object = make_instance(h, user, cart);
	set_global(h, names, "SESSION", object);
	search(h);
	expect_path(h, object, "module app: SESSION");
	expect_path(h, user, "module app: SESSION.user");
	expect_path(h, cart, "module app: SESSION.cart");
	reach_object(r, reach_parent(r, fh_block(h, cart)), &parent);
	parent_slot = kinds_slot(r, &parent, reach_parent_edge(r, fh_block(h, cart)));
	assert_int_equal(fh_get(parent_slot), cart);
}

static void attributes_are_found_in_every_version(void **state)
{
	(void)state;
	fh_every_layout(check_instance);
}

static void check_size_words(struct fake_heap *h)
{
	const struct py_layout *l = &h->rt.layout;
	const uint64_t containers[] = { fh_list(h, 4), fh_dict(h, 8), fh_new(h, h->set, 0),
					fh_new(h, h->deque, 0), fh_int(h, 1) };
	const uint32_t offset[] = { l->ob_size, l->di_used, l->se_used, l->ob_size, 0 };

	fh_walk(h, 0);
	for (int i = 0; i < 5; i++) {
		struct object o;

		reach_object(&h->heap.reach, fh_block(h, containers[i]), &o);
		assert_int_equal(kinds_size_word(&h->heap.reach, &o),
				 offset[i] ? containers[i] + offset[i] : 0);
	}
}

static void containers_have_a_word_with_their_size(void **state)
{
	(void)state;
	fh_every_layout(check_size_words);
}

/* A long list of links is written short, its middle left out, its end known. */
static void check_long_path(struct fake_heap *h)
{
	uint64_t names, head, last = 0, link;
	char path[512], cut[24];

	fh_module(h, "app", &names);
	head = link = fh_list(h, 1);
	for (int i = 0; i < 200; i++) {
		last = fh_list(h, 1);
		fh_append(h, link, last);
		link = last;
	}
	set_global(h, names, "HEAD", head);
	search(h);
	path_write(&h->heap.reach, fh_block(h, last), path, sizeof(path));
	assert_int_equal(strncmp(path, "module app: HEAD[*][*]", 22), 0);
	assert_non_null(strstr(path, "..."));
	assert_true(strlen(path) < 100);
	memset(cut, '#', sizeof(cut));
	path_write(&h->heap.reach, fh_block(h, last), cut, 16);
	assert_true(memchr(cut, '\0', 16) != NULL && cut[16] == '#');
	assert_ptr_equal(path_root(&h->heap.reach, fh_block(h, last)),
			 path_root(&h->heap.reach, fh_block(h, head)));
}

static void long_paths_are_cut(void **state)
{
	(void)state;
	fh_every_layout(check_long_path);
}

/* Seconds of our own CPU since @since. */
static double cpu_seconds(clock_t since)
{
	return (double)(clock() - since) / CLOCKS_PER_SEC;
}

/* Each lies in another way; all are in one module, and what is behind them is still found. */
static void check_lies(struct fake_heap *h)
{
	const struct py_layout *l = &h->rt.layout;
	uint64_t names, list, dict, set, tuple, edge, found, keys;
	clock_t began = clock();

	fh_module(h, "app", &names);
	list = fh_list(h, 4);
	fh_put(list + l->ob_size, 1ull << 60);
	set_global(h, names, "L60", list);
	list = fh_list(h, 4);
	fh_put(list + l->ob_size, 1u << 31);
	set_global(h, names, "L31", list);
	list = fh_new(h, h->list, 0); /* its elements: the last words of all memory we have */
	fh_put(list + l->ob_size, 1000);
	fh_put(list + l->li_item, edge = h->brk + FAKE_BRK - 16);
	set_global(h, names, "EDGE", list);
	list = fh_new(h, h->list, 0);
	fh_put(list + l->ob_size, 1000);
	fh_put(list + l->li_item, REMOTE_ADDR_MAX - 8);
	set_global(h, names, "TOP", list);
	tuple = fh_tuple(h, 1, &list);
	fh_put(tuple + l->ob_size, 1ull << 61);
	set_global(h, names, "T61", tuple);
	dict = fh_dict(h, 8);
	keys = fh_get(dict + l->di_keys);
	fh_put(keys + l->dk_nentries, UINT64_MAX);
	set_global(h, names, "COUNT", dict);
	dict = fh_dict(h, 8);
	fh_put(dict + l->di_keys, dict);
	set_global(h, names, "SELF", dict);
	set = fh_new(h, h->set, 0);
	fh_put(set + l->se_mask, (1ull << 32) - 1);
	fh_put(set + l->se_table, h->pools);
	set_global(h, names, "MASK", set);
	set = fh_new(h, h->set, 0);
	fh_put(set + l->se_mask, 6);
	fh_put(set + l->se_table, set);
	set_global(h, names, "ODD", set);
	set_global(h, names, "GONE", 0x7000000000f8);
	set_global(h, names, "HIGH", 0xffff800000000008);
	set_global(h, names, "FOUND", found = fh_int(h, 1));
	search(h);
	expect_path(h, found, "module app: FOUND");
	expect_path(h, tuple, "module app: T61");
	assert_true(cpu_seconds(began) < 3);
}

static void containers_that_lie_are_read_as_far_as_they_go(void **state)
{
	(void)state;
	fh_every_layout(check_lies);
}

/* Four thousand million elements in one block that is its own neighbour. */
static void check_deque_loop(struct fake_heap *h)
{
	const struct py_layout *l = &h->rt.layout;
	uint64_t names, deque, block, elem;
	clock_t began = clock();

	fh_module(h, "app", &names);
	deque = fh_new(h, h->deque, 0);
	block = fh_alloc(h, l->db_rightlink + 8);
	fh_put(deque + l->ob_size, (1ull << 32) - 1);
	fh_put(deque + l->dq_leftblock, block);
	fh_put(block + l->db_rightlink, block);
	fh_put(block + l->db_data, elem = fh_int(h, 1));
	set_global(h, names, "RING", deque);
	search(h);
	expect_path(h, elem, "module app: RING[*]");
	assert_true(cpu_seconds(began) < 3);
}

static void deque_blocks_in_a_ring_end(void **state)
{
	(void)state;
	fh_every_layout(check_deque_loop);
}

/* A generator of "def work(): buffer = ..." that waits, where its frame lies in itself (3.11+). */
static uint64_t make_generator(struct fake_heap *h, uint64_t local, uint64_t *code)
{
	const struct py_layout *l = &h->rt.layout;
	uint64_t name = fh_str(h, "buffer"), generator, type;

	type = fh_type(h, "code", 0, l->co_code_adaptive, h->object);
	*code = fh_new(h, type, 16);
	fh_put(*code + l->co_filename, fh_str(h, "/srv/app.py"));
	fh_put(*code + l->co_name, fh_str(h, "work"));
	fh_put(*code + l->co_qualname, fh_str(h, "work"));
	fh_put(*code + l->co_localsplusnames, fh_tuple(h, 1, &name));
	fh_put32(*code + l->co_nlocalsplus, 1);
	fh_put32(*code + l->co_stacksize, 2);
	type = fh_type(h, "generator", PY_TPFLAGS_HAVE_GC, l->ge_iframe + l->fr_localsplus,
		       h->object);
	generator = fh_new(h, type, 3 * 8);
	fh_put(generator + l->ge_iframe + l->fr_code, *code);
	fh_put(generator + l->ge_iframe + l->fr_localsplus, local);
	return generator;
}

static void check_generator(struct fake_heap *h)
{
	uint64_t names, local = fh_int(h, 1), code;

	if (!py_has(h->rt.layout.ge_iframe))
		return;
	fh_module(h, "app", &names);
	set_global(h, names, "GEN", make_generator(h, local, &code));
	search(h);
	expect_path(h, local, "module app: GEN<frame work>.buffer");
	expect_slot(h, local, 0);
}

static void generators_hold_their_locals(void **state)
{
	(void)state;
	fh_every_layout(check_generator);
}

/* Thousands of millions of locals, of stack, or names that are none: no slot of it is believed. */
static void check_frame_lies(struct fake_heap *h)
{
	const struct py_layout *l = &h->rt.layout;
	const uint32_t counts[] = { 1u << 31, UINT32_MAX, INT32_MAX };
	clock_t began = clock();

	if (!py_has(l->ge_iframe))
		return;
	for (int i = 0; i < 3; i++) {
		uint64_t names, code, local = fh_int(h, 1);

		fh_module(h, "app", &names);
		set_global(h, names, "GEN", make_generator(h, local, &code));
		fh_put32(code + l->co_nlocalsplus, counts[i]);
		if (i)
			fh_put(fh_get(code + l->co_localsplusnames) + l->ob_size, counts[i]);
		fh_put32(code + l->co_stacksize, counts[i]);
	}
	search(h);
	assert_true(cpu_seconds(began) < 3);
}

static void frames_that_lie_are_left(void **state)
{
	(void)state;
	fh_every_layout(check_frame_lies);
}

/* A frame that is its own caller, of a thread that is its own neighbour, twice over. */
static void check_rings(struct fake_heap *h)
{
	const struct py_layout *l = &h->rt.layout;
	uint64_t interp = fh_get(h->rt.address + l->rt_interpreters_head), thread, frame, names;
	clock_t began = clock();

	fh_module(h, "app", &names);
	thread = fh_fixed(h, l->ts_size);
	frame = fh_fixed(h, 1024);
	fh_put(interp + l->is_next, interp);
	fh_put(interp + l->is_threads_head, thread);
	fh_put(thread + l->ts_next, thread);
	fh_put(frame + l->fr_previous, frame);
	fh_put(frame + l->fr_code, h->object);
	if (py_has(l->cf_current_frame)) {
		fh_put(thread + l->ts_cframe, frame + 512);
		fh_put(frame + 512 + l->cf_current_frame, frame);
	} else {
		fh_put(thread + l->ts_frame, frame);
	}
	search(h);
	expect_path(h, names, "module app");
	assert_true(cpu_seconds(began) < 3);
}

static void rings_of_threads_and_frames_end(void **state)
{
	(void)state;
	fh_every_layout(check_rings);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lists_and_tuples_hold_their_elements),
		cmocka_unit_test(dicts_hold_keys_and_values),
		cmocka_unit_test(sets_and_deques_hold_their_elements),
		cmocka_unit_test(attributes_are_found_in_every_version),
		cmocka_unit_test(containers_have_a_word_with_their_size),
		cmocka_unit_test(long_paths_are_cut),
		cmocka_unit_test(containers_that_lie_are_read_as_far_as_they_go),
		cmocka_unit_test(deque_blocks_in_a_ring_end),
		cmocka_unit_test(generators_hold_their_locals),
		cmocka_unit_test(frames_that_lie_are_left),
		cmocka_unit_test(rings_of_threads_and_frames_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
