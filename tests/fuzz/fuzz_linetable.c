// SPDX-License-Identifier: Apache-2.0
/*
 * Line tables made of anything: no read outside, no endless loop, an answer in its range.
 * Input: u8 format, s32 first line, u16 offset, the table.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../../user/cpython/linetable.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int32_t first_line;
	uint16_t offset;
	int line;

	if (size < 7)
		return 0;
	memcpy(&first_line, data + 1, sizeof(first_line));
	memcpy(&offset, data + 5, sizeof(offset));
	line = linetable_line((enum linetable_format)(data[0] % 3), data + 7, size - 7, first_line,
			      offset);
	if (line < 0 && line != -ENOENT && line != -EINVAL)
		abort();
	return 0;
}
