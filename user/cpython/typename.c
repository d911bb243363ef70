// SPDX-License-Identifier: Apache-2.0
#include "typename.h"

#include <stdio.h>
#include <string.h>

#include "dict.h"
#include "text.h"

struct search {
	const struct py_layout *layout;
	struct remote *mem;
	char module[128];
};

static int try_module(void *arg, uint64_t key, uint64_t value)
{
	struct search *s = arg;
	char name[16];

	if (py_text(s->layout, s->mem, key, name, sizeof(name)) <= 0 ||
	    strcmp(name, "__module__") != 0)
		return 0;
	return py_text(s->layout, s->mem, value, s->module, sizeof(s->module)) > 0 ? 1 : -1;
}

void py_type_name(const struct py_layout *l, struct remote *mem, uint64_t type, char *buf,
		  size_t cap)
{
	struct search s = { .layout = l, .mem = mem };
	uint64_t flags, text, dict, qualname;
	char name[160];

	if (!remote_u64(mem, type + l->tp_flags, &flags) ||
	    !remote_u64(mem, type + l->tp_name, &text) ||
	    remote_cstr(mem, text, name, sizeof(name)) < 0)
		return;
	snprintf(buf, cap, "%s", name);
	if (!(flags & PY_TPFLAGS_HEAPTYPE) || !remote_u64(mem, type + l->tp_dict, &dict) ||
	    !remote_u64(mem, type + l->ht_qualname, &qualname) ||
	    py_text(l, mem, qualname, name, sizeof(name)) <= 0 ||
	    py_dict_each(l, mem, dict, try_module, &s) != 1)
		return;
	if (strcmp(s.module, "builtins") == 0)
		snprintf(buf, cap, "%s", name);
	else
		snprintf(buf, cap, "%s.%s", s.module, name);
}
