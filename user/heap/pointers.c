// SPDX-License-Identifier: Apache-2.0
#include "pointers.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define CHUNK (64u << 10)
#define FILTER_BITS 20 /* of a bit map that most words end at: 128 KiB */

struct search {
	const uint64_t *addr;
	size_t count;
	uint8_t *filter; /* bit by hash */
	void (*found)(void *arg, size_t number, uint64_t at);
	void *arg;
};

static size_t bit_of(uint64_t addr)
{
	return (size_t)((addr >> 3) * 0x9E3779B97F4A7C15ull >> (64 - FILTER_BITS));
}

static void compare(const struct search *s, uint64_t word, uint64_t at)
{
	size_t lo = 0, hi = s->count, bit = bit_of(word);

	if (!(s->filter[bit / 8] >> bit % 8 & 1))
		return;
	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (s->addr[mid] == word) {
			s->found(s->arg, mid, at);
			return;
		}
		if (s->addr[mid] < word)
			lo = mid + 1;
		else
			hi = mid;
	}
}

static void search_run(const struct search *s, struct stream *stream, const struct run *run)
{
	uint64_t least = s->addr[0], most = s->addr[s->count - 1];

	for (uint64_t at = run->start; at < run->end; at += CHUNK) {
		size_t n = run->end - at < CHUNK ? run->end - at : CHUNK;
		const uint8_t *bytes = stream_at(stream, at, n);

		for (size_t o = 0; bytes && o + 8 <= n; o += 8) {
			uint64_t word;

			memcpy(&word, bytes + o, sizeof(word));
			if (word >= least && word <= most)
				compare(s, word, at + o);
		}
	}
}

int pointers_find(struct stream *stream, const struct spans *spans, const uint64_t *addr,
		  size_t count, void (*found)(void *arg, size_t number, uint64_t at), void *arg)
{
	struct search s = { .addr = addr, .count = count, .found = found, .arg = arg };
	uint64_t left = POINTERS_BYTES_MAX;
	int err = 0;

	if (!count)
		return 0;
	s.filter = calloc(1, (1u << FILTER_BITS) / 8);
	if (!s.filter)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++)
		s.filter[bit_of(addr[i]) / 8] |= (uint8_t)(1u << bit_of(addr[i]) % 8);
	for (size_t i = 0; i < spans->count && !err; i++) {
		const struct span span = spans->span[i];

		err = stream_begin(stream, &span);
		for (size_t run = 0; !err && run < stream->runs; run++) {
			const struct run one = stream->run[run];

			if (one.end - one.start > left) {
				err = -E2BIG;
				break;
			}
			left -= one.end - one.start;
			search_run(&s, stream, &one);
		}
	}
	free(s.filter);
	return err;
}
