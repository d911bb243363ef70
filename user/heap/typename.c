// SPDX-License-Identifier: Apache-2.0
#include "typename.h"

#include <stdio.h>

#include "../cpython/typename.h"

void typename_write(const struct types *t, unsigned number, char *buf, size_t cap)
{
	const struct py_type *type = types_get(t, number);

	snprintf(buf, cap, "%s", type->name);
	py_type_name(&t->rt->layout, t->mem, type->address, buf, cap);
}
