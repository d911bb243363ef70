// SPDX-License-Identifier: Apache-2.0
#include "usedpools.h"

#include <stdbool.h>
#include <stddef.h>

#include "../../bpf/abi.h"

#define STEPS 64 /* pools of one class that are passed */

static bool is_pool(uint64_t address, uint32_t pool_size)
{
	return address && !(address & (pool_size - 1));
}

uint64_t usedpools_entry(struct remote *mem, uint64_t pool, uint32_t pool_size)
{
	uint64_t at = pool;

	for (int steps = 0; steps < STEPS && is_pool(at, pool_size); steps++)
		if (!remote_u64(mem, at + POOL_PREVIOUS, &at))
			return 0;
	return remote_plausible(at) && !is_pool(at, pool_size) ? at : 0;
}

/* Each class is empty, or its first and last are pools. */
static bool is_array(struct remote *mem, uint64_t first, uint32_t pool_size)
{
	uint64_t link[POOL_CLASSES][2];

	if (remote_read(mem, first + POOL_NEXT, link, sizeof(link)))
		return false;
	for (uint64_t number = 0; number < POOL_CLASSES; number++) {
		uint64_t entry = first + number * POOL_ENTRY, *ends = link[number];

		if ((ends[0] != entry || ends[1] != entry) &&
		    (!is_pool(ends[0], pool_size) || !is_pool(ends[1], pool_size)))
			return false;
	}
	return true;
}

uint64_t usedpools_find(struct remote *mem, uint64_t pool, uint32_t block_size,
			uint32_t pool_size)
{
	uint64_t entry = usedpools_entry(mem, pool, pool_size);
	uint64_t first = entry - (block_size / POOL_ALIGNMENT - 1ull) * POOL_ENTRY;

	return entry && is_array(mem, first, pool_size) ? first : 0;
}
