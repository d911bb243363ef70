// SPDX-License-Identifier: Apache-2.0
/*
 * The keys object of a dict, of every version (Objects/dictobject.c, "The DictObject"; before 3.11
 *dict-common.h):
 *
 *	+0 refcnt, sizes, kind, counts | dk_indices: hash table of 1, 2, 4 or 8 byte indexes |
 *entries in insertion order
 *
 * An entry is {hash, key, value}, or {key, value} where all keys are str (3.11+).
 */
#ifndef PYLEAK_CPYTHON_DICTKEYS_H
#define PYLEAK_CPYTHON_DICTKEYS_H

#include <stdint.h>

#include "layout.h"

#define PY_DICT_KEYS_HEAD 64 /* bytes of a keys object that py_dict_keys_parse() may look at */

struct py_dict_keys {
	uint64_t entries;    /* address of the first entry */
	uint64_t count;	     /* entries ever used, deleted ones included (their value is NULL) */
	uint64_t size;	     /* bytes of the whole object as far as it is used */
	uint32_t entry_size; /* 16 or 24 */
	uint32_t key, value; /* offsets in an entry */
};

/* Parse the @head of the keys object at @addr. 0, or -EINVAL where it is none. */
int py_dict_keys_parse(const struct py_layout *l, const uint8_t *head, uint64_t addr,
		       struct py_dict_keys *out);

#endif
