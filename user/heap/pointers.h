// SPDX-License-Identifier: Apache-2.0
/*
 * Does anything in the process's memory point to these addresses? Every aligned word of every
 * private writable mapping that is in memory is compared; who holds the word does not matter here,
 * the caller is asked.
 */
#ifndef PYLEAK_HEAP_POINTERS_H
#define PYLEAK_HEAP_POINTERS_H

#include <stddef.h>
#include <stdint.h>

#include "spans.h"
#include "stream.h"

#define POINTERS_BYTES_MAX (64ull << 30) /* of memory that is searched: about a minute */

/*
 * Call @found for each word that equals one of the @count addresses at @addr, which are in
 * ascending order: the number of the address, and where the word lies. One pass over the memory,
 * some 0.6 s a GiB. 0, -errno of stream_begin(), or -E2BIG: more than POINTERS_BYTES_MAX, which is
 * not searched to its end.
 */
int pointers_find(struct stream *stream, const struct spans *spans, const uint64_t *addr,
		  size_t count, void (*found)(void *arg, size_t number, uint64_t at), void *arg);

#endif
