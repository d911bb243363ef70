// SPDX-License-Identifier: Apache-2.0
/*
 * Messages in protocol buffers' wire format (Encoding, "Protocol Buffers Documentation"), written
 * and never read: profiles and remote write need nothing else of it.
 *
 *	tag = field << 3 | type    0: varint   1: 8 bytes   2: length and bytes
 *
 * Memory that runs out is remembered in `failed` and makes everything after it a no-op, so that
 * only who takes the result must look.
 */
#ifndef PYLEAK_UTIL_PROTOBUF_H
#define PYLEAK_UTIL_PROTOBUF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PROTOBUF_MAX (64u << 20) /* bytes of a message; a larger one has failed */

struct protobuf {
	unsigned char *data; /* owned */
	size_t len, cap;
	bool failed;
};

void protobuf_release(struct protobuf *p);
void protobuf_clear(struct protobuf *p); /* empty, memory is kept */

/* Fields. A value of 0 and an empty text are written too. */
void protobuf_uint(struct protobuf *p, unsigned field, uint64_t value);
void protobuf_int(struct protobuf *p, unsigned field, int64_t value); /* int64, not sint64 */
void protobuf_double(struct protobuf *p, unsigned field, double value);
void protobuf_bytes(struct protobuf *p, unsigned field, const void *bytes, size_t len);
void protobuf_text(struct protobuf *p, unsigned field, const char *text);
void protobuf_packed(struct protobuf *p, unsigned field, const uint64_t *values, size_t count);
/* @inner as a field of @p; a failure of @inner is one of @p. */
void protobuf_message(struct protobuf *p, unsigned field, const struct protobuf *inner);

#endif
