// SPDX-License-Identifier: Apache-2.0
#include <string.h>

#include <elf.h>

#include "points_search.h"

/* CPython's names of a function, by version: the sources' own. */
static const struct {
	const char *name;
	enum py_point point;
	int first, last; /* minor versions */
} names[] = {
	{"_PyObject_Malloc", PY_POINT_OBJECT_MALLOC, 0, 99},
	{"_PyObject_Calloc", PY_POINT_OBJECT_CALLOC, 0, 99},
	{"_PyObject_Realloc", PY_POINT_OBJECT_REALLOC, 0, 99},
	{"_PyObject_Free", PY_POINT_OBJECT_FREE, 0, 99},
	{"_PyMem_RawMalloc", PY_POINT_RAW_MALLOC, 0, 99},
	{"_PyMem_RawCalloc", PY_POINT_RAW_CALLOC, 0, 99},
	{"_PyMem_RawRealloc", PY_POINT_RAW_REALLOC, 0, 99},
	{"_PyMem_RawFree", PY_POINT_RAW_FREE, 0, 99},
	{"allocate_from_new_pool", PY_POINT_NEW_POOL, 9, 99},
	{"collect", PY_POINT_COLLECT, 0, 9},
	{"gc_collect_main", PY_POINT_COLLECT, 10, 99},
	{"gc_collect", PY_POINT_GC_COLLECT, 0, 99},
	{"_PyObject_ArenaMmap", PY_POINT_ARENA_ALLOC, 0, 11},
	{"_PyObject_ArenaMunmap", PY_POINT_ARENA_FREE, 0, 11},
	{"_PyMem_ArenaAlloc", PY_POINT_ARENA_ALLOC, 12, 99},
	{"_PyMem_ArenaFree", PY_POINT_ARENA_FREE, 12, 99},
};

/* The tables, before 3.12 put them into _PyRuntime. */
static const char *const tables[PY_DOMAINS] = {"_PyMem_Raw", "_PyMem", "_PyObject"};

/*
 * Is @symbol the function @name, or a copy of it that the compiler made for some callers? `.cold`
 * and `.part.0` are pieces.
 */
static bool is_copy(const char *symbol, const char *name)
{
	static const char *const suffixes[] = {".constprop.", ".isra.", ".lto_priv.", ".llvm."};
	size_t len = strlen(name);

	if (strncmp(symbol, name, len))
		return false;
	symbol += len;
	if (!*symbol)
		return true;
	if (strstr(symbol, ".cold") || strstr(symbol, ".part."))
		return false;
	for (size_t i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++) {
		if (!strncmp(symbol, suffixes[i], strlen(suffixes[i])))
			return true;
	}
	return false;
}

struct by_symbol {
	const struct points_search *search;
	struct points_found *found;
	enum py_found how;
};

static bool take(void *arg, const char *name, const struct image_symbol *symbol)
{
	struct by_symbol *b = arg;
	int minor = b->search->minor;
	uint64_t word;

	if (symbol->type == STT_OBJECT && minor < 12) {
		for (unsigned i = 0; i < PY_DOMAINS; i++) {
			if (!strcmp(name, tables[i]) && symbol->size == PY_TABLE_BYTES &&
			    code_word(b->search->code, symbol->value, &word))
				b->found->table[i] = symbol->value;
		}
	}
	if (symbol->type != STT_FUNC || !code_is_entry(b->search->code, symbol->value))
		return true;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (minor >= names[i].first && minor <= names[i].last &&
		    is_copy(name, names[i].name))
			points_add(b->found, names[i].point, symbol->value, b->how);
	}
	return true;
}

void points_by_symbol(const struct points_search *s, const struct image *named, enum py_found how,
		      struct points_found *f)
{
	struct by_symbol b = {.search = s, .found = f, .how = how};

	image_symbols(named, take, &b);
}
