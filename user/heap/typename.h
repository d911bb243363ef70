// SPDX-License-Identifier: Apache-2.0
/*
 * Types by the name that says where they come from.
 */
#ifndef PYLEAK_HEAP_TYPENAME_H
#define PYLEAK_HEAP_TYPENAME_H

#include <stddef.h>

#include "types.h"

/*
 * "shop.models.Order": __module__ of the class's dict and its qualified name. Builtins stand
 * without their module, and what has no such dict by its tp_name, which has the module in types
 * made in C.
 */
void typename_write(const struct types *t, unsigned number, char *buf, size_t cap);

#endif
