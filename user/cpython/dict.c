// SPDX-License-Identifier: Apache-2.0
/*
 *	dict: ob_base | ma_used | version | ma_keys | ma_values
 *
 * ma_values is NULL in a combined table. A split table has its values in an array of their own, in
 * the order of the entries.
 */
#include "dict.h"

#include <errno.h>
#include <stdbool.h>

#include "dictkeys.h"

#define CHUNK_WORDS 384 /* divisible by both entry sizes, 2 and 3 words */

struct table {
	uint64_t entries, count;
	unsigned int words; /* of an entry */
	uint64_t values;    /* of a split table, or 0 */
};

static int read_table(const struct py_layout *l, struct remote *mem, uint64_t dict, struct table *t)
{
	uint64_t keys, values;
	uint8_t head[PY_DICT_KEYS_HEAD];
	struct py_dict_keys parsed;
	int rc;

	if (!remote_plausible(dict) || !remote_u64(mem, dict + l->di_keys, &keys) ||
	    !remote_plausible(keys) || !remote_u64(mem, dict + l->di_values, &values))
		return -EINVAL;
	rc = remote_read(mem, keys, head, l->dk_indices);
	if (!rc)
		rc = py_dict_keys_parse(l, head, keys, &parsed);
	if (rc)
		return rc;
	if (parsed.count > PY_DICT_ENTRIES_MAX)
		return -EINVAL;
	t->entries = parsed.entries;
	t->count = parsed.count;
	t->words = parsed.entry_size / 8;
	t->values = values && py_has(l->dv_values) ? values + l->dv_values : values;
	return 0;
}

int py_dict_each(const struct py_layout *l, struct remote *mem, uint64_t dict, py_dict_fn fn,
		 void *arg)
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
