// SPDX-License-Identifier: Apache-2.0
#include "cfi.h"

#include <errno.h>
#include <stdlib.h>

#include "cfi_entry.h"
#include "image_file.h"

#define ENTRY_MAX 65536 /* bytes of one CIE or FDE; the longest seen has some thousands */

/* Copy the entry whose length word is at @vaddr. */
static int entry_open(struct entry *e, const struct image *img, uint64_t vaddr)
{
	uint32_t length;
	int err;

	*e = (struct entry){ .vaddr = vaddr + sizeof(length) };
	err = image_read(img, vaddr, &length, sizeof(length));
	if (err || length < sizeof(uint32_t) || length > ENTRY_MAX)
		return -EINVAL;
	e->bytes = malloc(length);
	if (!e->bytes)
		return -ENOMEM;
	if (image_read(img, e->vaddr, e->bytes, length)) {
		free(e->bytes);
		e->bytes = NULL;
		return -EINVAL;
	}
	e->rest = (struct cursor){ .at = e->bytes, .end = e->bytes + length };
	return 0;
}

/* The augmentation: "z", then a letter for each piece of data: L (size only), P, R, S. */
static int read_augmentation(struct cie *cie, const char *letters)
{
	struct cursor *c = &cie->entry.rest;
	const uint8_t *end;
	uint64_t size;

	cie->encoding = PE_ABSOLUTE8;
	if (!letters[0])
		return 0;
	if (letters[0] != 'z')
		return -EOPNOTSUPP;
	cie->augmented = true;
	size = take_uleb(c);
	if (c->bad || size > (uint64_t)(c->end - c->at))
		return -EINVAL;
	end = c->at + size;
	for (const char *p = letters + 1; *p; p++) {
		if (*p == 'L')
			take(c, 1);
		else if (*p == 'R')
			cie->encoding = (uint8_t)take(c, 1);
		else if (*p == 'P')
			take_block(c, encoded_size((uint8_t)take(c, 1)));
		else if (*p == 'S')
			cie->signal = true;
		else
			break;
	}
	if (c->bad || c->at > end)
		return -EINVAL;
	c->at = end;
	return 0;
}

static int cie_open(struct cie *cie, const struct image *img, uint64_t vaddr)
{
	struct cursor *c = &cie->entry.rest;
	const char *letters;
	uint8_t version;
	size_t room;
	int err = entry_open(&cie->entry, img, vaddr);

	if (err)
		return err;
	err = -EINVAL;
	if (take(c, 4) != 0) /* a CIE's id */
		goto fail;
	version = (uint8_t)take(c, 1);
	letters = (const char *)c->at;
	room = (size_t)(c->end - c->at);
	if ((version != 1 && version != 3) || strnlen(letters, room) == room)
		goto fail;
	c->at += strlen(letters) + 1;
	cie->code_align = take_uleb(c);
	cie->data_align = take_sleb(c);
	if ((version == 1 ? take(c, 1) : take_uleb(c)) != REG_RETURN || c->bad) {
		err = -EOPNOTSUPP;
		goto fail;
	}
	err = read_augmentation(cie, letters);
	if (!err)
		return 0;
fail:
	free(cie->entry.bytes);
	cie->entry.bytes = NULL;
	return err;
}

/* FDE: u32 distance back to the CIE, encoded start and size, augmentation data, instructions. */
static int fde_open(struct fde *fde, struct cie *cie, const struct image *img, uint64_t vaddr)
{
	struct cursor *c = &fde->entry.rest;
	bool supported;
	uint64_t back;
	int err;

	*cie = (struct cie){ 0 };
	err = entry_open(&fde->entry, img, vaddr);
	if (err)
		return err;
	back = take(c, 4);
	err = back && back <= fde->entry.vaddr ? cie_open(cie, img, fde->entry.vaddr - back) :
						 -EINVAL;
	if (err)
		goto fail;
	fde->start = take_pointer(&fde->entry, cie->encoding, &supported);
	fde->end = fde->start + take(c, encoded_size(cie->encoding));
	if (cie->augmented)
		take_block(c, take_uleb(c));
	err = c->bad || fde->end < fde->start ? -EINVAL : supported ? 0 : -EOPNOTSUPP;
	if (!err)
		return 0;
	free(cie->entry.bytes);
fail:
	free(fde->entry.bytes);
	return err;
}

/*
 * .eh_frame_hdr: u8 version, encoding of the next, of the count, of the table; pointer to
 * .eh_frame; u32 count; {s32 function, s32 FDE}[], both relative to the header, by function.
 */
static int find_fde(const struct image *img, uint64_t vaddr, uint64_t *fde)
{
	uint64_t hdr = img->eh_frame_hdr, low = 0, high, table;
	uint8_t head[4];
	uint32_t count;
	int32_t pair[2];

	if (!hdr)
		return -ENOENT;
	if (image_read(img, hdr, head, sizeof(head)) || head[0] != 1)
		return -EINVAL;
	if (head[2] != PE_UDATA4 || head[3] != PE_DATAREL4)
		return -EOPNOTSUPP;
	table = hdr + sizeof(head) + encoded_size(head[1]);
	if (image_read(img, table, &count, sizeof(count)))
		return -EINVAL;
	table += sizeof(count);
	high = count;
	while (low < high) { /* the first that begins behind vaddr */
		uint64_t middle = low + (high - low) / 2;

		if (image_read(img, table + middle * sizeof(pair), pair, sizeof(pair)))
			return -EINVAL;
		if (hdr + (uint64_t)(int64_t)pair[0] <= vaddr)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == 0)
		return -ENOENT;
	if (image_read(img, table + (low - 1) * sizeof(pair), pair, sizeof(pair)))
		return -EINVAL;
	*fde = hdr + (uint64_t)(int64_t)pair[1];
	return 0;
}

/* Open the FDE that covers @vaddr, and its CIE. The caller frees both entries' bytes. */
static int open_covering(struct fde *fde, struct cie *cie, const struct image *img, uint64_t vaddr)
{
	uint64_t at;
	int err = find_fde(img, vaddr, &at);

	if (!err)
		err = fde_open(fde, cie, img, at);
	if (err)
		return err;
	if (vaddr >= fde->start && vaddr < fde->end)
		return 0;
	free(fde->entry.bytes);
	free(cie->entry.bytes);
	return -ENOENT; /* a gap between functions that have entries */
}

int cfi_function(const struct image *img, uint64_t vaddr, uint64_t *start, uint64_t *end)
{
	struct fde fde;
	struct cie cie;
	int err = open_covering(&fde, &cie, img, vaddr);

	if (err)
		return err;
	*start = fde.start;
	*end = fde.end;
	free(fde.entry.bytes);
	free(cie.entry.bytes);
	return 0;
}

int cfi_row(const struct image *img, uint64_t vaddr, struct cfi_row *row)
{
	struct fde fde;
	struct cie cie;
	int err = open_covering(&fde, &cie, img, vaddr);

	if (err)
		return err;
	err = cfi_run(&cie, &fde, vaddr, row);
	free(fde.entry.bytes);
	free(cie.entry.bytes);
	return err;
}
