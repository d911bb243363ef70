// SPDX-License-Identifier: Apache-2.0
/*
 * Types by the name that says where they come from.
 */
#ifndef PYLEAK_CPYTHON_TYPENAME_H
#define PYLEAK_CPYTHON_TYPENAME_H

#include <stddef.h>
#include <stdint.h>

#include "../target/memory.h"
#include "layout.h"

/*
 * "shop.models.Order": __module__ of the class's dict and its qualified name. Builtins stand
 * without their module, and what has no such dict by its tp_name, which has the module in types
 * made in C. Where nothing can be read @buf stays as it is.
 */
void py_type_name(const struct py_layout *l, struct remote *mem, uint64_t type, char *buf,
		  size_t cap);

#endif
