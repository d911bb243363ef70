// SPDX-License-Identifier: Apache-2.0
/*
 * Parts of an interpreter built in a test's own memory, to be read as any other process is.
 */
#ifndef PYLEAK_TESTS_FAKE_LAYOUT_H
#define PYLEAK_TESTS_FAKE_LAYOUT_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "../../user/cpython/layout.h"

static inline void put(void *at, uint32_t offset, uint64_t value)
{
	memcpy((char *)at + offset, &value, sizeof(value));
}

static inline uint64_t at(const void *p)
{
	return (uint64_t)(uintptr_t)p;
}

/*
 * A dict object and its keys, of @count entries whose keys are 100, 101, ... and values 200, 201,
 * ...
 */
struct fake_dict {
	uint64_t dict[8], keys[64], values[16];
};

static inline void make_dict(struct fake_dict *f, const struct py_layout *l, int count, bool split)
{
	bool old = py_has(l->dk_size), general = old || (l->minor == 12 && !split);
	int words = general ? 3 : 2;
	uint64_t *entry;

	memset(f, 0, sizeof(*f));
	put(f->dict, l->di_keys, at(f->keys));
	put(f->dict, l->di_values, split ? at(f->values) : 0);
	put(f->keys, l->dk_nentries, (uint64_t)count);
	if (old) {
		put(f->keys, l->dk_size, 16);
	} else {
		((uint8_t *)f->keys)[l->dk_log2_index_bytes] = 4;
		((uint8_t *)f->keys)[l->dk_kind] = general ? 0 : split ? 2 : 1;
	}
	entry = f->keys + (l->dk_indices + 16) / 8;
	for (int i = 0; i < count; i++) {
		entry[i * words + words - 2] = 100 + (uint64_t)i;
		entry[i * words + words - 1] = split ? 0 : 200 + (uint64_t)i;
		if (split)
			f->values[(py_has(l->dv_values) ? l->dv_values / 8 : 0) + i] =
				200 + (uint64_t)i;
	}
}

#endif
