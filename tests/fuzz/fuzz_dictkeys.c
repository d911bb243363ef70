// SPDX-License-Identifier: Apache-2.0
/*
 * Heads of dict keys made of anything, for every layout. Input: u8 the minor version, then the
 * head.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "../../user/cpython/dictkeys.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint64_t addr = 0x7f0000000000;
	struct py_dict_keys keys;
	struct py_layout l;
	uint8_t *head;

	if (!size || py_layout_table(&l, 3, 8 + data[0] % 8))
		return 0;
	head = calloc(1, PY_DICT_KEYS_HEAD);
	if (!head)
		return 0;
	memcpy(head, data + 1, size - 1 < PY_DICT_KEYS_HEAD ? size - 1 : PY_DICT_KEYS_HEAD);
	if (!py_dict_keys_parse(&l, head, addr, &keys)) {
		if (keys.entry_size != 16 && keys.entry_size != 24)
			abort();
		if (keys.entries <= addr || keys.entries + keys.count * keys.entry_size < addr ||
		    keys.entries + keys.count * keys.entry_size != addr + keys.size)
			abort();
	}
	free(head);
	return 0;
}
