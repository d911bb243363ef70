// SPDX-License-Identifier: Apache-2.0
#include "pymalloc.h"

#include <string.h>

#define ALIGNMENT 16
#define SIZE_CLASSES 32		 /* 16 ... 512 bytes */
#define ARENA_INDEX_MAX 1u << 24 /* 16 TiB of 1 MiB arenas */

static uint32_t u32(const uint8_t *bytes, unsigned offset)
{
	uint32_t v;

	memcpy(&v, bytes + offset, sizeof(v));
	return v;
}

static uint64_t u64(const uint8_t *bytes, unsigned offset)
{
	uint64_t v;

	memcpy(&v, bytes + offset, sizeof(v));
	return v;
}

bool pool_recognise(const uint8_t *header, uint64_t addr, uint32_t pool_size)
{
	uint32_t count = u32(header, 0), class = u32(header, 36), next = u32(header, 40);
	uint64_t freeblock = u64(header, 8);
	uint32_t size = (class + 1) * ALIGNMENT;

	if (class >= SIZE_CLASSES || u32(header, 44) != pool_size - size)
		return false;
	if (next < POOL_HEADER + size || next > pool_size + size || (next - POOL_HEADER) % size)
		return false;
	if (count > (pool_size - POOL_HEADER) / size || u32(header, 32) >= ARENA_INDEX_MAX)
		return false;
	return !freeblock || (freeblock >= addr + POOL_HEADER && freeblock < addr + pool_size);
}

void pool_parse(struct pool *p, const uint8_t *bytes, uint64_t addr, uint32_t pool_size)
{
	uint64_t freeblock = u64(bytes, 8);
	uint32_t fit, on_list = 0;

	p->addr = addr;
	p->live = u32(bytes, 0);
	p->block_size = (u32(bytes, 36) + 1) * ALIGNMENT;
	p->carved = (u32(bytes, 40) - POOL_HEADER) / p->block_size;
	fit = (pool_size - POOL_HEADER) / p->block_size;
	if (p->carved > fit)
		p->carved = fit;
	p->torn = false;
	memset(p->free, 0, p->carved);
	while (freeblock) {
		uint64_t offset = freeblock - addr - POOL_HEADER;
		uint64_t block = offset / p->block_size;

		if (offset >= pool_size || offset % p->block_size || block >= p->carved ||
		    p->free[block])
			break;
		p->free[block] = 1;
		on_list++;
		freeblock = u64(bytes, (unsigned)(POOL_HEADER + offset));
	}
	if (freeblock || p->carved - on_list != p->live)
		p->torn = true;
}
