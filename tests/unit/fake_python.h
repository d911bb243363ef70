// SPDX-License-Identifier: Apache-2.0
/*
 * Python objects made by hand in this process's own memory, where any layout says that the parts
 * lie. Blocks are exactly as large as needed, so that the sanitizer sees what is written behind
 * them, and freed by fake_release().
 */
#ifndef PYLEAK_TESTS_FAKE_PYTHON_H
#define PYLEAK_TESTS_FAKE_PYTHON_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../user/cpython/layout.h"

#define FAKE_BLOCKS 64
#define FAKE_HEADER 512 /* more than any object here */

struct fake {
	struct py_layout l;
	void *block[FAKE_BLOCKS];
	unsigned int count;
	uint64_t str_type, code_type, tuple_type, bytes_type;
};

static inline void *fake_alloc(struct fake *f, size_t size)
{
	void *block = calloc(1, size);

	if (!block || f->count == FAKE_BLOCKS)
		abort();
	f->block[f->count++] = block;
	return block;
}

static inline void fake_release(struct fake *f)
{
	while (f->count)
		free(f->block[--f->count]);
}

static inline void fake_set64(uint64_t object, uint32_t offset, uint64_t value)
{
	if (py_has(offset))
		memcpy((void *)(uintptr_t)(object + offset), &value, sizeof(value));
}

static inline void fake_set32(uint64_t object, uint32_t offset, uint32_t value)
{
	if (py_has(offset))
		memcpy((void *)(uintptr_t)(object + offset), &value, sizeof(value));
}

static inline uint64_t fake_type(struct fake *f, const char *name, uint64_t flags)
{
	uint64_t type = (uintptr_t)fake_alloc(f, FAKE_HEADER);
	char *text = fake_alloc(f, strlen(name) + 1);

	memcpy(text, name, strlen(name) + 1);
	fake_set64(type, f->l.tp_name, (uintptr_t)text);
	fake_set64(type, f->l.tp_flags, flags);
	return type;
}

static inline void fake_init(struct fake *f, const struct py_layout *l)
{
	memset(f, 0, sizeof(*f));
	f->l = *l;
	f->str_type = fake_type(f, "str", PY_TPFLAGS_UNICODE_SUBCLASS);
	f->code_type = fake_type(f, "code", 0);
	f->tuple_type = fake_type(f, "tuple", PY_TPFLAGS_TUPLE_SUBCLASS);
	f->bytes_type = fake_type(f, "bytes", PY_TPFLAGS_BYTES_SUBCLASS);
}

/*
 * A str of @length characters of @kind bytes each at @data; kind 1 with @ascii has the short
 * header.
 */
static inline uint64_t fake_str(struct fake *f, const void *data, size_t length, unsigned int kind,
				int ascii)
{
	uint32_t at = ascii ? f->l.us_ascii_data : f->l.us_compact_data;
	uint64_t str = (uintptr_t)fake_alloc(f, at + (length + 1) * kind);
	uint32_t bits = kind | 1u << 3 | (ascii ? 1u << 4 : 0);

	fake_set64(str, f->l.ob_type, f->str_type);
	fake_set64(str, f->l.us_length, length);
	fake_set32(str, f->l.us_state, f->l.minor >= 14 ? bits << 16 | 1 : bits << 2 | 1);
	memcpy((void *)(uintptr_t)(str + at), data, length * kind);
	return str;
}

static inline uint64_t fake_ascii(struct fake *f, const char *text)
{
	return fake_str(f, text, strlen(text), 1, 1);
}

static inline uint64_t fake_bytes(struct fake *f, const void *data, size_t len)
{
	uint64_t bytes = (uintptr_t)fake_alloc(f, f->l.by_data + len + 1);

	fake_set64(bytes, f->l.ob_type, f->bytes_type);
	fake_set64(bytes, f->l.ob_size, len);
	memcpy((void *)(uintptr_t)(bytes + f->l.by_data), data, len);
	return bytes;
}

/* A tuple of @count strs. */
static inline uint64_t fake_names(struct fake *f, const char *const *names, size_t count)
{
	uint64_t tuple = (uintptr_t)fake_alloc(f, f->l.tu_item + 8 * count + 8);

	fake_set64(tuple, f->l.ob_type, f->tuple_type);
	fake_set64(tuple, f->l.ob_size, count);
	for (size_t i = 0; i < count; i++)
		fake_set64(tuple, f->l.tu_item + 8 * (uint32_t)i, fake_ascii(f, names[i]));
	return tuple;
}

/*
 * "def remember(key, value)" at line 40 of /srv/app/cache.py: 4 bytes of line 41, then 4 of line
 * 43; value is a cell, app a free variable.
 */
static inline uint64_t fake_code(struct fake *f)
{
	static const char *const all[] = { "key", "value", "app" };
	static const char *const locals[] = {"key"}, *const cells[] = {"value"},
				 *const frees[] = {"app"};
	static const char *const tables[] = {"\x00\x01\x04\x02", "\x04\x01\x04\x02",
					     "\xe9\x02\xe9\x04"};
	uint64_t code = (uintptr_t)fake_alloc(f, FAKE_HEADER);
	const struct py_layout *l = &f->l;
	const char *table = l->minor < 10 ? tables[0] : l->minor == 10 ? tables[1] : tables[2];

	fake_set64(code, l->ob_type, f->code_type);
	fake_set64(code, l->co_filename, fake_ascii(f, "/srv/app/cache.py"));
	fake_set64(code, l->co_name, fake_ascii(f, "remember"));
	fake_set64(code, l->co_qualname, fake_ascii(f, "Cache.remember"));
	fake_set64(code, l->co_linetable, fake_bytes(f, table, 4));
	fake_set32(code, l->co_firstlineno, 40);
	fake_set32(code, l->co_stacksize, 6);
	if (l->minor >= 11) {
		fake_set32(code, l->co_nlocalsplus, 3);
		fake_set64(code, l->co_localsplusnames, fake_names(f, all, 3));
	} else {
		fake_set32(code, l->co_nlocals, 1);
		fake_set64(code, l->co_varnames, fake_names(f, locals, 1));
		fake_set64(code, l->co_cellvars, fake_names(f, cells, 1));
		fake_set64(code, l->co_freevars, fake_names(f, frees, 1));
	}
	return code;
}

/* What a frame's instruction field holds at byte @offset of @code. */
static inline uint64_t fake_instr(const struct fake *f, uint64_t code, int offset)
{
	if (f->l.facts.lasti_units)
		return (uint32_t)(offset < 0 ? -1 : offset / (int)f->l.facts.lasti_units);
	return code + f->l.co_code_adaptive + (uint64_t)(int64_t)offset;
}

#endif
