// SPDX-License-Identifier: Apache-2.0
/*
 * Pools made of anything. Input: u8, its lowest bit picks the pool's size; then the pool's first
 * bytes, the rest is zeros. A list of free blocks points into the pool where its low bytes say so.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "../../user/heap/pymalloc.h"

#define BASE 0x7f0000000000ull

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct pool *p, uint32_t pool_size)
{
	uint32_t on_list = 0;

	if (p->carved > (pool_size - POOL_HEADER) / p->block_size || p->carved > POOL_BLOCKS_MAX)
		abort();
	for (uint32_t i = 0; i < p->carved; i++) {
		if (p->free[i] > 1)
			abort();
		on_list += p->free[i];
	}
	if (!p->torn && p->live + on_list != p->carved)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint32_t pool_size = size && data[0] & 1 ? 16384 : 4096;
	uint8_t *bytes;
	struct pool p;

	if (size < 1 + POOL_HEADER || size - 1 > pool_size)
		return 0;
	bytes = calloc(1, pool_size); /* of exactly its size: a byte behind it is an error */
	if (!bytes)
		return 0;
	memcpy(bytes, data + 1, size - 1);
	memset(&p, 0xff, sizeof(p));
	if (pool_recognise(bytes, BASE, pool_size)) {
		pool_parse(&p, bytes, BASE, pool_size);
		check(&p, pool_size);
	}
	free(bytes);
	return 0;
}
