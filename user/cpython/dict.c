// SPDX-License-Identifier: Apache-2.0
/*
 * A dict and its keys (Objects/dictobject.c, "The DictObject"; before 3.11 Objects/dict-common.h):
 *
 *	dict: ob_base | ma_used | version | ma_keys | ma_values		ma_values is NULL in a combined table
 *	keys: ... | size, kind, counts | dk_indices: hash table of indexes | entries in insertion order
 *
 * An index has 1, 2, 4 or 8 bytes. An entry is {hash, key, value}, or {key, value} where all keys are str (3.11+).
 * A split table has its values in an array of their own, in the order of the entries.
 */
#include "dict.h"

#include <errno.h>
#include <stdbool.h>

#define CHUNK_WORDS 384 /* divisible by both entry sizes, 2 and 3 words */

/* DICT_KEYS_GENERAL of Include/internal/pycore_dict.h; the other kinds have only str keys. */
#define KIND_GENERAL 0

struct table {
	uint64_t entries, count;
	unsigned int words; /* of an entry */
	uint64_t values;    /* of a split table, or 0 */
};

/* Bytes of the index part of a table with @size slots, before 3.11 (DK_IXSIZE of Objects/dictobject.c). */
static uint64_t index_bytes(uint64_t size)
{
	if (size <= 0xff)
		return size;
	if (size <= 0xffff)
		return size * 2;
	return size <= 0xffffffff ? size * 4 : size * 8;
}

static int read_table(const struct py_layout *l, struct remote *mem, uint64_t dict, struct table *t)
{
	uint64_t keys, size, values;
	uint64_t head_words[8];
	const unsigned char *head = (const unsigned char *)head_words;
	int rc;

	if (!remote_plausible(dict) || !remote_u64(mem, dict + l->di_keys, &keys) || !remote_plausible(keys) ||
	    !remote_u64(mem, dict + l->di_values, &values))
		return -EINVAL;
	rc = remote_read(mem, keys, head_words, l->dk_indices);
	if (rc)
		return rc;
	t->count = head_words[l->dk_nentries / 8];
	t->words = 3;
	if (py_has(l->dk_size)) {
		size = head_words[l->dk_size / 8];
		if (size > PY_DICT_ENTRIES_MAX * 2)
			return -EINVAL;
		size = index_bytes(size);
	} else {
		if (head[l->dk_log2_index_bytes] > 24)
			return -EINVAL;
		size = 1ULL << head[l->dk_log2_index_bytes];
		if (head[l->dk_kind] != KIND_GENERAL)
			t->words = 2;
	}
	if (t->count > PY_DICT_ENTRIES_MAX || t->count > size)
		return -EINVAL;
	t->entries = keys + l->dk_indices + size;
	t->values = values && py_has(l->dv_values) ? values + l->dv_values : values;
	return 0;
}

int py_dict_each(const struct py_layout *l, struct remote *mem, uint64_t dict, py_dict_fn fn, void *arg)
{
	uint64_t word[CHUNK_WORDS];
	struct table t;
	int rc = read_table(l, mem, dict, &t);

	for (uint64_t done = 0; !rc && done < t.count;) {
		uint64_t n = CHUNK_WORDS / t.words;

		if (n > t.count - done)
			n = t.count - done;
		rc = remote_read(mem, t.entries + done * t.words * 8, word, n * t.words * 8);
		for (uint64_t i = 0; !rc && i < n; i++) {
			uint64_t key = word[i * t.words + t.words - 2];
			uint64_t value = word[i * t.words + t.words - 1];

			if (t.values && !remote_u64(mem, t.values + (done + i) * 8, &value))
				return -EFAULT;
			if (key && value)
				rc = fn(arg, key, value);
		}
		done += n;
	}
	return rc;
}
