// SPDX-License-Identifier: Apache-2.0
/*
 * .eh_frame_hdr: u8 version 1, eh_frame_ptr_enc, fde_count_enc, table_enc; the encoded pointer and
 * count; then { i32 start, i32 fde } sorted by start, both relative to the header. Only the
 * encodings that every linker writes are read: udata4 for the count, datarel sdata4 for the table.
 *
 * An FDE: u32 length, u32 distance back to its CIE; start and size, encoded as the CIE says; its
 * call frame instructions. DWARF 5, 6.4; LSB core, "Exception Frames".
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "code_file.h"

#define ENCODED_UDATA4 0x03
#define ENCODED_DATAREL_SDATA4 0x3b
#define AUGMENTATION_MAX 8 /* "zPLRSB": longer ones are not written */

/* What the last CIE said: neighbours share it. */
struct common {
	uint64_t at;
	uint8_t encoding; /* of start and size */
	bool usable;
};

struct cursor {
	const uint8_t *at, *end;
};

static uint8_t take(struct cursor *c)
{
	return c->at < c->end ? *c->at++ : 0;
}

static void skip_leb(struct cursor *c)
{
	while (take(c) & 0x80)
		;
}

/* Bytes of a pointer of that encoding, 0 where it is not one of fixed size. */
static unsigned encoded_size(uint8_t encoding)
{
	switch (encoding & 0x07) {
	case 0: /* absptr */
	case 4: /* data8 */
		return 8;
	case 2:
		return 2;
	case 3:
		return 4;
	}
	return 0;
}

/* Augmentation data of @letters behind the 'z': is all of it known? */
static bool read_augmentation(struct cursor *in, const char *letters, uint8_t *encoding)
{
	for (; *letters; letters++) {
		unsigned size = 1;

		switch (*letters) {
		case 'R':
			*encoding = in->at < in->end ? *in->at : 0;
			break;
		case 'P':
			size = encoded_size(take(in));
			break;
		case 'L':
			break;
		case 'S':
		case 'B':
		case 'G':
			continue;
		default:
			return false;
		}
		if (!size || size > (size_t)(in->end - in->at))
			return false;
		in->at += size;
	}
	return in->at < in->end;
}

/* The encoding of start and size, out of the augmentation of the CIE at @at. */
static bool read_cie(const struct code *c, uint64_t at, uint8_t *encoding)
{
	const uint8_t *head = code_bytes(c, at, 4), *body;
	char letters[AUGMENTATION_MAX + 1] = "";
	struct cursor in;
	uint32_t length;
	uint8_t version;

	if (!head)
		return false;
	memcpy(&length, head, sizeof(length));
	body = code_bytes(c, at + 4, length);
	if (!body || length < 9 || memcmp(body, "\0\0\0\0", 4))
		return false;
	in = (struct cursor){body + 4, body + length};
	version = take(&in);
	for (unsigned i = 0; i < AUGMENTATION_MAX && (letters[i] = (char)take(&in)); i++)
		;
	skip_leb(&in); /* code alignment */
	skip_leb(&in); /* data alignment */
	if (version == 1)
		take(&in); /* return address register */
	else
		skip_leb(&in);
	*encoding = 0;
	if (letters[0] != 'z')
		return letters[0] == '\0' && in.at < in.end;
	skip_leb(&in); /* length of what follows */
	return read_augmentation(&in, letters + 1, encoding);
}

/*
 * Call frame instructions of a whole function begin with a move forward (its prologue) or are
 * padding. What begins in the middle of a frame says where that is first, in its first instruction:
 * DW_CFA_def_cfa (0x0c), DW_CFA_def_cfa_offset (0x0e), DW_CFA_offset (0x80-0xbf).
 */
static bool begins_inside(const struct cursor *cfi)
{
	uint8_t first = cfi->at < cfi->end ? *cfi->at : 0;

	return first == 0x0c || first == 0x0e || (first & 0xc0) == 0x80;
}

/* The FDE at @at, which .eh_frame_hdr says describes a function that begins at @start. */
static bool read_fde(const struct code *c, uint64_t at, uint64_t start, struct common *cie,
		     struct code_function *f)
{
	const uint8_t *head = code_bytes(c, at, 8), *body;
	uint32_t length, back;
	uint64_t range = 0, cie_at;
	unsigned size;
	struct cursor cfi;

	if (!head)
		return false;
	memcpy(&length, head, sizeof(length));
	memcpy(&back, head + 4, sizeof(back));
	body = code_bytes(c, at + 4, length);
	cie_at = at + 4 - back;
	if (!body || length < 4 || back == 0 || back > at + 4)
		return false;
	if (cie->at != cie_at) {
		cie->at = cie_at;
		cie->usable = read_cie(c, cie_at, &cie->encoding);
	}
	size = encoded_size(cie->encoding);
	if (!cie->usable || !size || length < 4 + 2 * size + 1)
		return false;
	memcpy(&range, body + 4 + size, size);
	f->start = start;
	f->end = start + range;
	cfi = (struct cursor){body + 4 + 2 * size, body + length};
	if (take(&cfi) != 0) /* augmentation data: an LSDA pointer in C++ */
		cfi.at = cfi.end;
	f->inside_frame = begins_inside(&cfi);
	return range && code_segment_of(c, start, range) &&
	       code_segment_of(c, start, range)->flags & PF_X;
}

/* The table of .eh_frame_hdr, and how many entries it has; NULL where it is none that is known. */
static const uint8_t *find_table(const struct code *c, uint32_t *count)
{
	const uint8_t *head = c->eh_frame_hdr ? code_bytes(c, c->eh_frame_hdr, 12) : NULL;

	if (!head || head[0] != 1 || encoded_size(head[1]) != 4 || head[2] != ENCODED_UDATA4 ||
	    head[3] != ENCODED_DATAREL_SDATA4)
		return NULL;
	memcpy(count, head + 8, sizeof(*count));
	if (!*count || *count > CODE_FUNCTIONS_MAX)
		return NULL;
	return code_bytes(c, c->eh_frame_hdr + 12, (size_t)*count * 8);
}

int code_read_functions(struct code *c)
{
	struct common cie = {.at = 0};
	uint32_t count;
	const uint8_t *table = find_table(c, &count);

	if (!table)
		return -ENOTSUP;
	c->function = malloc(count * sizeof(*c->function));
	if (!c->function)
		return -ENOMEM;
	for (uint32_t i = 0; i < count; i++) {
		struct code_function f;
		int32_t entry[2];

		memcpy(entry, table + (size_t)i * 8, sizeof(entry));
		if (!read_fde(c, c->eh_frame_hdr + (uint64_t)(int64_t)entry[1],
			      c->eh_frame_hdr + (uint64_t)(int64_t)entry[0], &cie, &f))
			continue;
		if (c->functions && f.start < c->function[c->functions - 1].end)
			continue; /* not sorted, or two claim the same bytes */
		c->function[c->functions++] = f;
	}
	return c->functions ? 0 : -ENOTSUP;
}
