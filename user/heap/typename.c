// SPDX-License-Identifier: Apache-2.0
#include "typename.h"

#include <stdio.h>
#include <string.h>

#include "../cpython/dict.h"
#include "../cpython/text.h"

struct search {
	const struct types *types;
	char module[128];
};

static int try_module(void *arg, uint64_t key, uint64_t value)
{
	struct search *s = arg;
	const struct py_layout *l = &s->types->rt->layout;
	char name[16];

	if (py_text(l, s->types->mem, key, name, sizeof(name)) <= 0 ||
	    strcmp(name, "__module__") != 0)
		return 0;
	return py_text(l, s->types->mem, value, s->module, sizeof(s->module)) > 0 ? 1 : -1;
}

void typename_write(const struct types *t, unsigned number, char *buf, size_t cap)
{
	const struct py_type *type = types_get(t, number);
	const struct py_layout *l = &t->rt->layout;
	struct search s = { .types = t };
	uint64_t dict, qualname;
	char name[160];

	snprintf(buf, cap, "%s", type->name);
	if (!(type->flags & PY_TPFLAGS_HEAPTYPE) ||
	    !remote_u64(t->mem, type->address + l->tp_dict, &dict) ||
	    !remote_u64(t->mem, type->address + l->ht_qualname, &qualname) ||
	    py_text(l, t->mem, qualname, name, sizeof(name)) <= 0 ||
	    py_dict_each(l, t->mem, dict, try_module, &s) != 1)
		return;
	if (strcmp(s.module, "builtins") == 0)
		snprintf(buf, cap, "%s", name);
	else
		snprintf(buf, cap, "%s.%s", s.module, name);
}
