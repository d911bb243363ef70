// SPDX-License-Identifier: Apache-2.0
/*
 * Sixteen bits that tell an object from another of its type at the same address: of its type, and
 * of the content that never changes while it lives. Of containers and instances they say the type
 * only.
 */
#ifndef PYLEAK_HEAP_FINGERPRINT_H
#define PYLEAK_HEAP_FINGERPRINT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "reach.h"

/* So much of a malloc chunk is looked at, at most: also what types_identify() needs. */
#define FINGERPRINT_CHUNK_BYTES 128

/* Of the object at @object, from which on @have bytes are there; PRINT_LEAST or more. */
uint16_t fingerprint_of(const struct types *t, const struct py_type *type, const uint8_t *object,
			size_t have);

/* Has the type content that never changes? */
bool fingerprint_tells(const struct types *t, const struct py_type *type);

/*
 * Is the object that the latest walk saw in @block still there? Read from the live target. Another
 * one passes for it where the type has no such content, and otherwise once in 65,000; where the
 * target has ended all do.
 */
bool fingerprint_holds(const struct reach *r, uint32_t block);

#endif
