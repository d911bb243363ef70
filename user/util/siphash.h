// SPDX-License-Identifier: Apache-2.0
/*
 * SipHash-2-4: a hash that nobody can steer who does not know the key (Aumasson and Bernstein,
 * "SipHash: a fast short-input PRF", 2012).
 */
#ifndef PYLEAK_UTIL_SIPHASH_H
#define PYLEAK_UTIL_SIPHASH_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct siphash {
	uint64_t v[4];
	uint64_t length;
};

static inline uint64_t siphash_rotate(uint64_t x, unsigned by)
{
	return x << by | x >> (64 - by);
}

static inline void siphash_round(uint64_t v[4])
{
	v[0] += v[1];
	v[1] = siphash_rotate(v[1], 13) ^ v[0];
	v[0] = siphash_rotate(v[0], 32);
	v[2] += v[3];
	v[3] = siphash_rotate(v[3], 16) ^ v[2];
	v[0] += v[3];
	v[3] = siphash_rotate(v[3], 21) ^ v[0];
	v[2] += v[1];
	v[1] = siphash_rotate(v[1], 17) ^ v[2];
	v[2] = siphash_rotate(v[2], 32);
}

static inline void siphash_word(struct siphash *s, uint64_t word)
{
	s->v[3] ^= word;
	siphash_round(s->v);
	siphash_round(s->v);
	s->v[0] ^= word;
}

static inline void siphash_begin(struct siphash *s, const uint64_t key[2])
{
	*s = (struct siphash){.v = {key[0] ^ 0x736f6d6570736575ull, key[1] ^ 0x646f72616e646f6dull,
				    key[0] ^ 0x6c7967656e657261ull,
				    key[1] ^ 0x7465646279746573ull}};
}

/* Whole words: @len is a multiple of 8, but for the piece that siphash_end() takes. */
static inline void siphash_words(struct siphash *s, const void *bytes, size_t len)
{
	for (size_t i = 0; i + 8 <= len; i += 8) {
		uint64_t word;

		memcpy(&word, (const char *)bytes + i, 8);
		siphash_word(s, word);
	}
	s->length += len;
}

/* The last @len bytes, fewer than 8. */
static inline uint64_t siphash_end(struct siphash *s, const void *bytes, size_t len)
{
	uint64_t word = (s->length + len) << 56;

	for (size_t i = 0; i < len; i++)
		word |= (uint64_t)((const unsigned char *)bytes)[i] << (8 * i);
	siphash_word(s, word);
	s->v[2] ^= 0xff;
	for (unsigned i = 0; i < 4; i++)
		siphash_round(s->v);
	return s->v[0] ^ s->v[1] ^ s->v[2] ^ s->v[3];
}

static inline uint64_t siphash(const uint64_t key[2], const void *bytes, size_t len)
{
	struct siphash s;

	siphash_begin(&s, key);
	siphash_words(&s, bytes, len & ~(size_t)7);
	return siphash_end(&s, (const char *)bytes + (len & ~(size_t)7), len & 7);
}

#endif
