// SPDX-License-Identifier: Apache-2.0
#include "protobuf.h"

#include <stdlib.h>
#include <string.h>

#include "grow.h"

#define VARINT_MAX 10

enum wire { WIRE_VARINT = 0, WIRE_8_BYTES = 1, WIRE_BYTES = 2 };

void protobuf_release(struct protobuf *p)
{
	free(p->data);
	*p = (struct protobuf){ 0 };
}

void protobuf_clear(struct protobuf *p)
{
	p->len = 0;
	p->failed = false;
}

static void add(struct protobuf *p, const void *bytes, size_t len)
{
	if (p->failed || !len)
		return;
	if (len > PROTOBUF_MAX - p->len || grow(&p->data, &p->cap, p->len + len, 1)) {
		p->failed = true;
		return;
	}
	memcpy(p->data + p->len, bytes, len);
	p->len += len;
}

static size_t encode(unsigned char out[VARINT_MAX], uint64_t value)
{
	size_t n = 0;

	for (; value >= 0x80; value >>= 7)
		out[n++] = (unsigned char)(value | 0x80);
	out[n++] = (unsigned char)value;
	return n;
}

static void varint(struct protobuf *p, uint64_t value)
{
	unsigned char bytes[VARINT_MAX];

	add(p, bytes, encode(bytes, value));
}

static void tag(struct protobuf *p, unsigned field, enum wire wire)
{
	varint(p, (uint64_t)field << 3 | wire);
}

void protobuf_uint(struct protobuf *p, unsigned field, uint64_t value)
{
	tag(p, field, WIRE_VARINT);
	varint(p, value);
}

void protobuf_int(struct protobuf *p, unsigned field, int64_t value)
{
	protobuf_uint(p, field, (uint64_t)value);
}

void protobuf_double(struct protobuf *p, unsigned field, double value)
{
	unsigned char bytes[8];
	uint64_t bits;

	memcpy(&bits, &value, sizeof(bits));
	for (unsigned i = 0; i < sizeof(bytes); i++)
		bytes[i] = (unsigned char)(bits >> (8 * i));
	tag(p, field, WIRE_8_BYTES);
	add(p, bytes, sizeof(bytes));
}

void protobuf_bytes(struct protobuf *p, unsigned field, const void *bytes, size_t len)
{
	tag(p, field, WIRE_BYTES);
	varint(p, len);
	add(p, bytes, len);
}

void protobuf_text(struct protobuf *p, unsigned field, const char *text)
{
	protobuf_bytes(p, field, text, strlen(text));
}

void protobuf_packed(struct protobuf *p, unsigned field, const uint64_t *values, size_t count)
{
	unsigned char bytes[VARINT_MAX];
	size_t len = 0;

	for (size_t i = 0; i < count; i++)
		len += encode(bytes, values[i]);
	tag(p, field, WIRE_BYTES);
	varint(p, len);
	for (size_t i = 0; i < count; i++)
		varint(p, values[i]);
}

void protobuf_message(struct protobuf *p, unsigned field, const struct protobuf *inner)
{
	p->failed = p->failed || inner->failed;
	protobuf_bytes(p, field, inner->data, inner->len);
}
