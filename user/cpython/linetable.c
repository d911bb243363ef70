// SPDX-License-Identifier: Apache-2.0
#include "linetable.h"

#include <errno.h>
#include <limits.h>
#include <stdbool.h>

#define CODE_UNIT 2
#define NO_LINE_RANGE (-128)

enum location_kind {
	LOCATION_ONE_LINE_0 = 10,
	LOCATION_ONE_LINE_2 = 12,
	LOCATION_NO_COLUMNS = 13,
	LOCATION_LONG = 14,
	LOCATION_NONE = 15,
};

enum linetable_format linetable_format_of(int minor)
{
	if (minor < 10)
		return LINETABLE_LNOTAB;
	return minor == 10 ? LINETABLE_RANGES : LINETABLE_LOCATIONS;
}

static int checked(int64_t line)
{
	return line < 0 || line > INT_MAX ? -EINVAL : (int)line;
}

static int lnotab_line(const uint8_t *table, size_t len, int64_t line, uint32_t offset)
{
	uint64_t address = 0;

	if (len % 2)
		return -EINVAL;
	for (size_t i = 0; i < len; i += 2) {
		address += table[i];
		if (address > offset)
			break;
		line += (int8_t)table[i + 1];
	}
	return checked(line);
}

static int ranges_line(const uint8_t *table, size_t len, int64_t line, uint32_t offset)
{
	uint64_t end = 0;

	if (len % 2)
		return -EINVAL;
	for (size_t i = 0; i < len; i += 2) {
		int8_t step = (int8_t)table[i + 1];

		end += table[i];
		if (step != NO_LINE_RANGE)
			line += step;
		if (offset < end)
			return step == NO_LINE_RANGE ? -ENOENT : checked(line);
	}
	return -ENOENT;
}

struct cursor {
	const uint8_t *table;
	size_t len, at;
};

/* 32 bits need six groups of six; a longer one is damage. */
static bool read_varint(struct cursor *c, uint32_t *value)
{
	*value = 0;
	for (unsigned int shift = 0; shift < 36 && c->at < c->len; shift += 6) {
		uint8_t byte = c->table[c->at++];

		if (byte & 0x80)
			return false;
		*value |= (uint32_t)((uint64_t)(byte & 0x3f) << shift);
		if (!(byte & 0x40))
			return true;
	}
	return false;
}

static bool read_svarint(struct cursor *c, int64_t *value)
{
	uint32_t raw;

	if (!read_varint(c, &raw))
		return false;
	*value = raw & 1 ? -(int64_t)(raw >> 1) : (int64_t)(raw >> 1);
	return true;
}

static int locations_line(const uint8_t *table, size_t len, int64_t line, uint32_t offset)
{
	struct cursor c = { .table = table, .len = len };
	uint64_t end = 0;

	while (c.at < len) {
		uint8_t head = table[c.at++];
		unsigned int kind = (head >> 3) & 15;
		int64_t step = 0;

		if (!(head & 0x80))
			return -EINVAL;
		if (kind >= LOCATION_ONE_LINE_0 && kind <= LOCATION_ONE_LINE_2)
			step = kind - LOCATION_ONE_LINE_0;
		else if ((kind == LOCATION_NO_COLUMNS || kind == LOCATION_LONG) &&
			 !read_svarint(&c, &step))
			return -EINVAL;
		line += step;
		end += ((head & 7u) + 1) * CODE_UNIT;
		if (offset < end)
			return kind == LOCATION_NONE ? -ENOENT : checked(line);
		/* The rest of the entry, columns and end line, is of no use here. */
		while (c.at < len && !(table[c.at] & 0x80))
			c.at++;
	}
	return -ENOENT;
}

int linetable_line(enum linetable_format format, const uint8_t *table, size_t len, int first_line,
		   uint32_t offset)
{
	switch (format) {
	case LINETABLE_LNOTAB:
		return lnotab_line(table, len, first_line, offset);
	case LINETABLE_RANGES:
		return ranges_line(table, len, first_line, offset);
	case LINETABLE_LOCATIONS:
		return locations_line(table, len, first_line, offset);
	}
	return -EINVAL;
}
