// SPDX-License-Identifier: Apache-2.0
/*
 * What reading the tables of .eh_frame and running the programs in them share. Not for other files.
 */
#ifndef PYLEAK_ELF_CFI_ENTRY_H
#define PYLEAK_ELF_CFI_ENTRY_H

#include <string.h>

#include "cfi.h"

#define REG_RETURN 16 /* the return address, x86-64 psABI, figure 3.36 */

/* Pointer encodings, LSB "DWARF Exception Header Encoding": what linkers write, no others. */
#define PE_ABSOLUTE8 0x00
#define PE_UDATA4 0x03
#define PE_PCREL4 0x1b
#define PE_PCREL8 0x1c
#define PE_DATAREL4 0x3b

/* Bytes still to be read; `bad` once more was asked for than there is. */
struct cursor {
	const uint8_t *at, *end;
	bool bad;
};

/* One CIE or FDE, copied. */
struct entry {
	uint8_t *bytes;	   /* owned */
	uint64_t vaddr;	   /* of bytes[0], which is behind the length */
	struct cursor rest; /* what was not read yet; at the end, the instructions */
};

struct cie {
	struct entry entry;
	uint64_t code_align;
	int64_t data_align;
	uint8_t encoding;
	bool augmented, signal;
};

struct fde {
	struct entry entry;
	uint64_t start, end;
};

static inline uint64_t take(struct cursor *c, size_t size)
{
	uint64_t value = 0;

	if ((size_t)(c->end - c->at) < size) {
		c->bad = true;
		c->at = c->end;
		return 0;
	}
	memcpy(&value, c->at, size);
	c->at += size;
	return value;
}

static inline const uint8_t *take_block(struct cursor *c, uint64_t size)
{
	const uint8_t *at = c->at;

	if ((uint64_t)(c->end - c->at) < size) {
		c->bad = true;
		return NULL;
	}
	c->at += size;
	return at;
}

static inline uint64_t take_uleb(struct cursor *c)
{
	uint64_t value = 0;

	for (unsigned shift = 0; shift < 64; shift += 7) {
		uint8_t byte = (uint8_t)take(c, 1);

		value |= (uint64_t)(byte & 0x7f) << shift;
		if (!(byte & 0x80))
			return value;
	}
	c->bad = true;
	return 0;
}

static inline int64_t take_sleb(struct cursor *c)
{
	uint64_t value = 0;

	for (unsigned shift = 0; shift < 64; shift += 7) {
		uint8_t byte = (uint8_t)take(c, 1);

		value |= (uint64_t)(byte & 0x7f) << shift;
		if (byte & 0x80)
			continue;
		if ((byte & 0x40) && shift + 7 < 64)
			value |= ~0ULL << (shift + 7);
		return (int64_t)value;
	}
	c->bad = true;
	return 0;
}

/* The pointer at the cursor, as @encoding says; *@supported false where linkers write no such. */
static inline uint64_t take_pointer(struct entry *e, uint8_t encoding, bool *supported)
{
	uint64_t at = e->vaddr + (uint64_t)(e->rest.at - e->bytes);

	*supported = true;
	switch (encoding) {
	case PE_ABSOLUTE8:
		return take(&e->rest, 8);
	case PE_UDATA4:
		return take(&e->rest, 4);
	case PE_PCREL4:
		return at + (uint64_t)(int64_t)(int32_t)take(&e->rest, 4);
	case PE_PCREL8:
		return at + take(&e->rest, 8);
	}
	*supported = false;
	return 0;
}

static inline size_t encoded_size(uint8_t encoding)
{
	switch (encoding & 0x0f) {
	case 0x00:
	case 0x04:
	case 0x0c:
		return 8;
	case 0x02:
	case 0x0a:
		return 2;
	default:
		return 4;
	}
}

/*
 * Run the instructions of a function and of its CIE up to @vaddr. 0 and @row, -EINVAL, -EOPNOTSUPP.
 */
int cfi_run(struct cie *cie, struct fde *fde, uint64_t vaddr, struct cfi_row *row);

#endif
