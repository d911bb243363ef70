// SPDX-License-Identifier: Apache-2.0
#include "dictkeys.h"

#include <errno.h>
#include <string.h>

#define LOG2_INDEX_BYTES_MAX 36
#define KIND_GENERAL                                                                            \
	0 /* DICT_KEYS_GENERAL of Include/internal/pycore_dict.h; the other kinds have only str \
	     keys */

/* Bytes of the index part of a table with @size slots, before 3.11 (DK_IXSIZE of
 * Objects/dictobject.c). */
static uint64_t index_bytes(uint64_t size)
{
	if (size <= 0xff)
		return size;
	if (size <= 0xffff)
		return size * 2;
	return size <= 0xffffffff ? size * 4 : size * 8;
}

static uint64_t word(const uint8_t *head, uint32_t offset)
{
	uint64_t w;

	memcpy(&w, head + offset, sizeof(w));
	return w;
}

int py_dict_keys_parse(const struct py_layout *l, const uint8_t *head, uint64_t addr,
		       struct py_dict_keys *out)
{
	uint64_t size;

	out->entry_size = 24;
	if (py_has(l->dk_size)) {
		size = word(head, l->dk_size);
		if (!size || size & (size - 1) || size >> LOG2_INDEX_BYTES_MAX)
			return -EINVAL;
		size = index_bytes(size);
	} else {
		if (head[l->dk_log2_index_bytes] > LOG2_INDEX_BYTES_MAX)
			return -EINVAL;
		size = 1ULL << head[l->dk_log2_index_bytes];
		if (head[l->dk_kind] != KIND_GENERAL)
			out->entry_size = 16;
	}
	out->count = word(head, l->dk_nentries);
	if (out->count > size) /* there are never more entries than index bytes */
		return -EINVAL;
	out->key = out->entry_size - 16;
	out->value = out->entry_size - 8;
	out->entries = addr + l->dk_indices + size;
	out->size = l->dk_indices + size + out->count * out->entry_size;
	return 0;
}
