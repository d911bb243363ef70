// SPDX-License-Identifier: Apache-2.0
/*
 * Which of pymalloc's blocks were allocated at a walk: a bit a block, kept while later walks
 * replace the table.
 */
#ifndef PYLEAK_HEAP_OCCUPIED_H
#define PYLEAK_HEAP_OCCUPIED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "blocks.h"

struct occupied {
	struct extent *extent; /* owned; of pools only, by address */
	size_t extents;
	uint8_t *bit; /* owned: of block n of the table, bit n */
};

/* 0 or -ENOMEM. Release with occupied_release(). */
int occupied_take(struct occupied *o, const struct blocks *b);
void occupied_release(struct occupied *o);

bool occupied_at(const struct occupied *o, uint64_t address);

/* Call @fn with the address of every block that is allocated in @b and was not in @o. */
void occupied_since(const struct occupied *o, const struct blocks *b,
		    void (*fn)(void *arg, uint64_t address), void *arg);

#endif
