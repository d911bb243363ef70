// SPDX-License-Identifier: Apache-2.0
#include "batch.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <stdlib.h>

/* Elements a call. The kernel copies whole buckets: one that does not fit is ENOSPC. */
#define BATCH 4096

int batch_read(int map, size_t value_size, void (*fn)(void *arg, uint64_t key, const void *value),
	       void *arg)
{
	uint64_t *key = malloc(BATCH * sizeof(*key));
	char *value = malloc(BATCH * value_size);
	uint32_t at, *from = NULL, count;
	int rc = key && value ? 0 : -ENOMEM;

	while (!rc) {
		count = BATCH;
		rc = bpf_map_lookup_batch(map, from, &at, key, value, &count, NULL);
		if (rc && rc != -ENOENT)
			break;
		for (uint32_t i = 0; i < count; i++)
			fn(arg, key[i], value + i * value_size);
		from = &at;
	}
	free(key);
	free(value);
	return rc == -ENOENT ? 0 : rc;
}
