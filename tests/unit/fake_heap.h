// SPDX-License-Identifier: Apache-2.0
/*
 * A small interpreter's heap in this process's own memory, for any layout: pools, chunks, types,
 * objects and sys.modules, walked and searched as any other process's.
 *
 *	fixed: _PyRuntime, interpreter, types, names, keys     SPAN_DATA
 *	pools: blocks to 512 bytes                             SPAN_ANON
 *	brk:   chunks, larger blocks                           SPAN_BRK
 */
#ifndef PYLEAK_TESTS_FAKE_HEAP_H
#define PYLEAK_TESTS_FAKE_HEAP_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../../user/cpython/dictkeys.h"
#include "../../user/heap/heap.h"
#include "../../user/heap/pymalloc.h"

#ifndef FAKE_FIXED /* smaller in fuzzers, which build one a thousand times a second */
#define FAKE_BASE NULL
#define FAKE_FIXED (1u << 20)
#define FAKE_POOLS (1u << 20)
#define FAKE_BRK (1u << 20)
#endif
#define FAKE_ALIGN (1u << 20)
#define FAKE_TYPE 1024 /* bytes of a heap type */

struct fake_heap {
	struct py_runtime rt;
	struct remote mem;
	struct heap heap;
	void *mapped;
	uint64_t fixed, pools, brk; /* where the three begin */
	uint64_t fixed_used, pools_used, brk_used;
	uint64_t type, object, str, number, list, tuple, dict, set, deque;
	uint64_t module;
	uint64_t modules; /* sys.modules */
};

static inline void fh_put(uint64_t at, uint64_t value)
{
	memcpy((void *)(uintptr_t)at, &value, sizeof(value));
}

static inline void fh_put32(uint64_t at, uint32_t value)
{
	memcpy((void *)(uintptr_t)at, &value, sizeof(value));
}

static inline uint64_t fh_get(uint64_t at)
{
	uint64_t value;

	memcpy(&value, (void *)(uintptr_t)at, sizeof(value));
	return value;
}

static inline uint32_t fh_get32(uint64_t at)
{
	uint32_t value;

	memcpy(&value, (void *)(uintptr_t)at, sizeof(value));
	return value;
}

static inline uint64_t fh_fixed(struct fake_heap *h, uint64_t size)
{
	uint64_t at = h->fixed + h->fixed_used;

	h->fixed_used += (size + 15) & ~15ull;
	assert_true(h->fixed_used <= FAKE_FIXED);
	return at;
}

static inline uint64_t fh_new_pool(struct fake_heap *h, uint32_t class)
{
	uint32_t pool_size = h->rt.layout.facts.pool_size;
	uint64_t pool = h->pools + h->pools_used;

	h->pools_used += pool_size;
	assert_true(h->pools_used <= FAKE_POOLS);
	fh_put32(pool + 36, class);
	fh_put32(pool + 40, POOL_HEADER);
	fh_put32(pool + 44, pool_size - (class + 1) * 16);
	return pool;
}

/* As pymalloc does: the last freed block of the first pool that has one, else one never used. */
static inline uint64_t fh_pool_alloc(struct fake_heap *h, uint32_t class)
{
	uint32_t pool_size = h->rt.layout.facts.pool_size, size = (class + 1) * 16;
	uint64_t pool, block;

	for (pool = h->pools; pool < h->pools + h->pools_used; pool += pool_size)
		if (fh_get32(pool + 36) == class &&
		    (fh_get(pool + 8) || fh_get32(pool + 40) <= pool_size - size))
			break;
	if (pool == h->pools + h->pools_used)
		pool = fh_new_pool(h, class);
	block = fh_get(pool + 8);
	if (block) {
		fh_put(pool + 8, fh_get(block));
	} else {
		block = pool + fh_get32(pool + 40);
		fh_put32(pool + 40, fh_get32(pool + 40) + size);
	}
	fh_put32(pool, fh_get32(pool) + 1);
	memset((void *)(uintptr_t)block, 0, size);
	return block;
}

/* From the top chunk, as in a heap that was never freed into. */
static inline uint64_t fh_chunk_alloc(struct fake_heap *h, uint64_t size)
{
	uint64_t chunk = h->brk + h->brk_used, whole = (size + 8 + 15) & ~15ull;

	h->brk_used += whole;
	assert_true(h->brk_used + 64 <= FAKE_BRK);
	fh_put(chunk + 8, whole | 1);
	fh_put(chunk + whole + 8, (FAKE_BRK - h->brk_used) | 1);
	return chunk + 16;
}

static inline uint64_t fh_alloc(struct fake_heap *h, uint64_t size)
{
	return size > 512 ? fh_chunk_alloc(h, size) : fh_pool_alloc(h, ((uint32_t)size - 1) / 16);
}

static inline void fh_pool_free(struct fake_heap *h, uint64_t block)
{
	uint64_t pool = block & ~(uint64_t)(h->rt.layout.facts.pool_size - 1);

	fh_put(block, fh_get(pool + 8));
	fh_put(pool + 8, block);
	fh_put32(pool, fh_get32(pool) - 1);
}

static inline uint64_t fh_type(struct fake_heap *h, const char *name, uint64_t flags,
			       uint64_t basicsize, uint64_t base)
{
	const struct py_layout *l = &h->rt.layout;
	uint64_t type = fh_fixed(h, FAKE_TYPE), text = fh_fixed(h, strlen(name) + 1);

	memcpy((void *)(uintptr_t)text, name, strlen(name));
	fh_put(type + l->ob_refcnt, 1);
	fh_put(type + l->ob_type, h->type ? h->type : type);
	fh_put(type + l->tp_name, text);
	fh_put(type + l->tp_basicsize, basicsize);
	fh_put(type + l->tp_flags, flags | PY_TPFLAGS_READY);
	fh_put(type + l->tp_base, base);
	return type;
}

static inline uint32_t fh_prefix(const struct fake_heap *h, uint64_t type)
{
	uint64_t flags = fh_get(type + h->rt.layout.tp_flags);

	return (flags & PY_TPFLAGS_HAVE_GC ? 16 : 0) +
	       (h->rt.layout.facts.managed_dict && flags & PY_TPFLAGS_MANAGED_DICT ? 16 : 0);
}

/* An object with @extra bytes behind its tp_basicsize. */
static inline uint64_t fh_new(struct fake_heap *h, uint64_t type, uint64_t extra)
{
	const struct py_layout *l = &h->rt.layout;
	uint32_t prefix = fh_prefix(h, type);
	uint64_t size = prefix + fh_get(type + l->tp_basicsize) + extra;
	uint64_t object = fh_alloc(h, size) + prefix;

	fh_put(object + l->ob_refcnt, 1);
	fh_put(object + l->ob_type, type);
	if (fh_get(type + l->tp_flags) & PY_TPFLAGS_HAVE_GC)
		fh_put(object - 16, h->fixed); /* tracked */
	return object;
}

/* Free what fh_new() gave, of at most 512 bytes. */
static inline void fh_free(struct fake_heap *h, uint64_t object)
{
	fh_pool_free(h, object - fh_prefix(h, fh_get(object + h->rt.layout.ob_type)));
}

/* A str of ASCII, not in the heap: names are interned long before anybody looks. */
static inline uint64_t fh_str(struct fake_heap *h, const char *text)
{
	const struct py_layout *l = &h->rt.layout;
	uint64_t str = fh_fixed(h, l->us_ascii_data + strlen(text) + 1);
	uint32_t bits = 1 | 1u << 3 | 1u << 4;

	fh_put(str + l->ob_refcnt, 1);
	fh_put(str + l->ob_type, h->str);
	fh_put(str + l->us_length, strlen(text));
	fh_put32(str + l->us_state, l->minor >= 14 ? bits << 16 | 1 : bits << 2 | 1);
	memcpy((void *)(uintptr_t)(str + l->us_ascii_data), text, strlen(text) + 1);
	return str;
}

/* An int in the heap whose digit is @value. */
static inline uint64_t fh_int(struct fake_heap *h, uint32_t value)
{
	uint64_t number = fh_new(h, h->number, 16);

	fh_put(number + 16, value);
	fh_put(number + 24, value);
	return number;
}

static inline uint64_t fh_list(struct fake_heap *h, uint64_t room)
{
	uint64_t list = fh_new(h, h->list, 0);

	fh_put(list + h->rt.layout.li_item, fh_alloc(h, room * 8));
	return list;
}

static inline void fh_append(struct fake_heap *h, uint64_t list, uint64_t item)
{
	const struct py_layout *l = &h->rt.layout;
	uint64_t size = fh_get(list + l->ob_size);

	fh_put(fh_get(list + l->li_item) + size * 8, item);
	fh_put(list + l->ob_size, size + 1);
}

static inline uint64_t fh_tuple(struct fake_heap *h, uint64_t count, const uint64_t *item)
{
	const struct py_layout *l = &h->rt.layout;
	uint64_t tuple = fh_new(h, h->tuple, count * 8);

	fh_put(tuple + l->ob_size, count);
	for (uint64_t i = 0; i < count; i++)
		fh_put(tuple + l->tu_item + i * 8, item[i]);
	return tuple;
}

/* Keys for @room entries, at most 128: all {hash, key, value}, or {key, value} where @split. */
static inline void fh_keys_init(const struct fake_heap *h, uint64_t keys, unsigned int room,
				bool split)
{
	const struct py_layout *l = &h->rt.layout;
	unsigned int log2 = 3;

	while (1u << log2 < room)
		log2++;
	if (py_has(l->dk_size)) {
		fh_put(keys + l->dk_size, 1u << log2);
		return;
	}
	*(uint8_t *)(uintptr_t)(keys + l->dk_log2_size) = (uint8_t)log2;
	*(uint8_t *)(uintptr_t)(keys + l->dk_log2_index_bytes) = (uint8_t)log2;
	*(uint8_t *)(uintptr_t)(keys + l->dk_kind) = split ? 2 : 0;
}

static inline uint64_t fh_keys_size(const struct fake_heap *h, unsigned int room)
{
	return h->rt.layout.dk_indices + 128 + room * 24ull;
}

static inline void fh_keys_add(const struct fake_heap *h, uint64_t keys, uint64_t key,
			       uint64_t value)
{
	const struct py_layout *l = &h->rt.layout;
	uint64_t count = fh_get(keys + l->dk_nentries);
	struct py_dict_keys parsed;

	assert_int_equal(py_dict_keys_parse(l, (void *)(uintptr_t)keys, keys, &parsed), 0);
	fh_put(parsed.entries + count * parsed.entry_size + parsed.key, key);
	fh_put(parsed.entries + count * parsed.entry_size + parsed.value, value);
	fh_put(keys + l->dk_nentries, count + 1);
}

static inline uint64_t fh_dict(struct fake_heap *h, unsigned int room)
{
	uint64_t dict = fh_new(h, h->dict, 0), keys = fh_alloc(h, fh_keys_size(h, room));

	fh_keys_init(h, keys, room, false);
	fh_put(dict + h->rt.layout.di_keys, keys);
	return dict;
}

static inline void fh_dict_add(struct fake_heap *h, uint64_t dict, uint64_t key, uint64_t value)
{
	const struct py_layout *l = &h->rt.layout;

	fh_keys_add(h, fh_get(dict + l->di_keys), key, value);
	fh_put(dict + l->di_used, fh_get(dict + l->di_used) + 1);
}

/* An imported module with an empty namespace; its dict in *@names. */
static inline uint64_t fh_module(struct fake_heap *h, const char *name, uint64_t *names)
{
	uint64_t module = fh_new(h, h->module, 0);

	*names = fh_dict(h, 16);
	fh_put(module + h->rt.layout.ml_dict, *names);
	fh_dict_add(h, h->modules, fh_str(h, name), module);
	return module;
}

static inline void fh_types(struct fake_heap *h)
{
	const struct py_layout *l = &h->rt.layout;
	const uint64_t gc = PY_TPFLAGS_HAVE_GC;

	h->type = fh_type(h, "type", PY_TPFLAGS_TYPE_SUBCLASS, l->ht_size, 0);
	h->rt.type_type = h->type;
	h->object = fh_type(h, "object", 0, 16, 0);
	h->str = fh_type(h, "str", PY_TPFLAGS_UNICODE_SUBCLASS, l->us_compact_data + 8, h->object);
	h->number = fh_type(h, "int", PY_TPFLAGS_LONG_SUBCLASS, 24, h->object);
	h->list = fh_type(h, "list", PY_TPFLAGS_LIST_SUBCLASS | gc, 40, h->object);
	h->tuple = fh_type(h, "tuple", PY_TPFLAGS_TUPLE_SUBCLASS | gc, l->tu_item, h->object);
	h->dict = fh_type(h, "dict", PY_TPFLAGS_DICT_SUBCLASS | gc, l->di_values + 8, h->object);
	h->set = fh_type(h, "set", gc, l->se_smalltable + 8 * 16 + 16, h->object);
	h->deque = fh_type(h, "collections.deque", gc, l->dq_leftindex + 32, h->object);
	h->module = fh_type(h, "module", gc, 64, h->object);
	fh_put(h->tuple + l->tp_itemsize, 8);
}

static inline void fh_span(struct spans *s, uint64_t start, uint64_t size, enum span_kind kind)
{
	s->span[s->count++] = (struct span){ .start = start, .end = start + size, .kind = kind };
	s->hi = start + size;
}

/* One thing after another in one mapping, so that the spans are in order. */
static inline void fh_open(struct fake_heap *h, const struct py_layout *l)
{
	const uint64_t total = FAKE_FIXED + FAKE_POOLS + FAKE_BRK + FAKE_ALIGN;
	struct heap *heap = &h->heap;
	uint64_t interp;
	void *all;

	memset(h, 0, sizeof(*h));
	all = mmap(FAKE_BASE, total, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
		   0);
	assert_true(all != MAP_FAILED);
	h->mapped = all;
	h->fixed = ((uint64_t)(uintptr_t)all + FAKE_ALIGN - 1) & ~(FAKE_ALIGN - 1ull);
	h->pools = h->fixed + FAKE_FIXED;
	h->brk = h->pools + FAKE_POOLS;
	fh_put(h->brk + 8, FAKE_BRK | 1);
	h->rt.layout = *l;
	h->rt.pid = getpid();
	remote_init(&h->mem, getpid());
	heap->rt = &h->rt;
	heap->mem = &h->mem;
	heap->spans = (struct spans){ .span = calloc(3, sizeof(struct span)), .lo = h->fixed };
	assert_non_null(heap->spans.span);
	fh_span(&heap->spans, h->fixed, FAKE_FIXED, SPAN_DATA);
	fh_span(&heap->spans, h->pools, FAKE_POOLS, SPAN_ANON);
	fh_span(&heap->spans, h->brk, FAKE_BRK, SPAN_BRK);
	h->rt.address = fh_fixed(h, 4096);
	interp = fh_fixed(h, l->is_modules + 64);
	fh_put(h->rt.address + l->rt_interpreters_head, interp);
	fh_types(h);
	assert_int_equal(types_init(&heap->types, &h->rt, &h->mem), 0);
	assert_int_equal(stream_init(&heap->stream, &h->mem, NULL), 0);
	assert_int_equal(reader_init(&heap->reader, &h->mem, NULL), 0);
	heap->reach = (struct reach){ .rt = &h->rt,
				      .mem = &h->mem,
				      .reader = &heap->reader,
				      .stream = &heap->stream,
				      .types = &heap->types,
				      .history = &heap->history,
				      .spans = &heap->spans };
	h->modules = fh_dict(h, 16);
	fh_put(interp + l->is_modules, h->modules);
}

/* A failed test leaves its heap behind: it is small, and the program ends. */
static inline void fh_close(struct fake_heap *h)
{
	munmap(h->mapped, FAKE_FIXED + FAKE_POOLS + FAKE_BRK + FAKE_ALIGN);
	heap_close(&h->heap);
}

/* One walk, @seconds after the first. */
static inline void fh_walk(struct fake_heap *h, double seconds)
{
	struct heap *heap = &h->heap;

	holders_release(&heap->holders);
	reach_release(&heap->reach);
	assert_int_equal(history_walk(&heap->history, &heap->types, &heap->stream, &heap->spans,
				      &heap->glibc, seconds),
			 0);
}

/* The number of the block that the object at @object lies in. */
static inline uint32_t fh_block(const struct fake_heap *h, uint64_t object)
{
	return blocks_find(&h->heap.history.now, object, NULL, NULL);
}

/* Run @check for every layout there is. */
static inline void fh_every_layout(void (*check)(struct fake_heap *h))
{
	unsigned int layouts = 0;

	for (int minor = 8; minor < 30; minor++) {
		struct py_layout l;
		struct fake_heap h;

		if (py_layout_table(&l, 3, minor))
			continue;
		layouts++;
		fh_open(&h, &l);
		check(&h);
		fh_close(&h);
	}
	assert_true(layouts >= 7);
}

#endif
