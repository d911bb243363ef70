// SPDX-License-Identifier: Apache-2.0
/*
 * Types by the name that says where they come from.
 */
#ifndef PYLEAK_HEAP_TYPENAME_H
#define PYLEAK_HEAP_TYPENAME_H

#include <stddef.h>

#include "types.h"

/* As py_type_name() has it; where it cannot be read any more, as it was at the first sight. */
void typename_write(const struct types *t, unsigned number, char *buf, size_t cap);

#endif
