// SPDX-License-Identifier: Apache-2.0
/*
 * Reading a whole hash map of the kernel, many elements a call.
 */
#ifndef PYLEAK_SAMPLE_BATCH_H
#define PYLEAK_SAMPLE_BATCH_H

#include <stddef.h>
#include <stdint.h>

/*
 * Call @fn for each element of the map, which has 8-byte keys and values of @value_size bytes. What
 * comes or goes meanwhile may be missed or seen. 0, -ENOMEM or -errno.
 */
int batch_read(int map, size_t value_size, void (*fn)(void *arg, uint64_t key, const void *value),
	       void *arg);

#endif
