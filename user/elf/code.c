// SPDX-License-Identifier: Apache-2.0
#include "code.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "code_file.h"

static const struct code_machine *const machines[] = {&code_x86_64};

const struct code_segment *code_segment_of(const struct code *c, uint64_t address, size_t len)
{
	for (size_t i = 0; i < c->segments; i++) {
		const struct code_segment *s = &c->segment[i];

		if (address >= s->vaddr && address - s->vaddr < s->size &&
		    len <= s->size - (address - s->vaddr))
			return s;
	}
	return NULL;
}

const uint8_t *code_bytes(const struct code *c, uint64_t address, size_t len)
{
	const struct code_segment *s = code_segment_of(c, address, len);

	return s ? s->bytes + (address - s->vaddr) : NULL;
}

bool code_word(const struct code *c, uint64_t address, uint64_t *value)
{
	const struct code_segment *s = code_segment_of(c, address, sizeof(*value));

	if (!s || !(s->flags & PF_W))
		return false;
	memcpy(value, s->bytes + (address - s->vaddr), sizeof(*value));
	return true;
}

bool code_is_relro(const struct code *c, uint64_t address)
{
	return address >= c->relro_start && address < c->relro_end;
}

bool code_data(const struct code *c, unsigned index, uint64_t *start, uint64_t *end)
{
	for (size_t i = 0; i < c->segments; i++) {
		const struct code_segment *s = &c->segment[i];

		if (!(s->flags & PF_W) || index--)
			continue;
		*start = (s->vaddr + 7) & ~7ULL;
		*end = (s->vaddr + s->size) & ~7ULL;
		return true;
	}
	return false;
}

bool code_find(const struct code *c, const void *needle, size_t len, uint64_t from,
	       uint64_t *address)
{
	for (size_t i = 0; i < c->segments; i++) {
		const struct code_segment *s = &c->segment[i];
		uint64_t skip = from > s->vaddr ? from - s->vaddr : 0;
		const uint8_t *hit;

		if (s->flags & PF_W || skip >= s->size)
			continue;
		hit = memmem(s->bytes + skip, s->size - skip, needle, len);
		if (hit) {
			*address = s->vaddr + (uint64_t)(hit - s->bytes);
			return true;
		}
	}
	return false;
}

bool code_file_offset(const struct code *c, uint64_t address, uint64_t *offset)
{
	const struct code_segment *s = code_segment_of(c, address, 1);

	if (s)
		*offset = s->offset + (address - s->vaddr);
	return s != NULL;
}

const struct code_function *code_function_at(const struct code *c, uint64_t address)
{
	size_t low = 0, high = c->functions;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (c->function[middle].end <= address)
			low = middle + 1;
		else
			high = middle;
	}
	return low < c->functions && c->function[low].start <= address ? &c->function[low] : NULL;
}

bool code_is_entry(const struct code *c, uint64_t address)
{
	const struct code_function *f = code_function_at(c, address);

	return f && f->start == address;
}

/* Segments in the order of their addresses, without overlap, as the loader demands them. */
static int read_segments(struct code *c, const struct image *img)
{
	uint64_t total = 0;

	for (size_t i = 0; i < img->segments; i++) {
		const struct image_segment *from = &img->segment[i];
		struct code_segment *to = &c->segment[c->segments];

		if (!from->filesz)
			continue;
		if (c->segments && from->vaddr < to[-1].vaddr + to[-1].size)
			return -EINVAL;
		if (from->offset > img->file_size || from->filesz > img->file_size - from->offset)
			return -EIO;
		total += from->filesz;
		if (total > CODE_BYTES_MAX)
			return -EFBIG;
		*to = (struct code_segment){.vaddr = from->vaddr,
					    .size = from->filesz,
					    .offset = from->offset,
					    .flags = from->flags,
					    .bytes = malloc(from->filesz)};
		if (!to->bytes)
			return -ENOMEM;
		c->segments++;
		if (image_read_file(img, from->offset, to->bytes, from->filesz))
			return -EIO;
	}
	return 0;
}

static int read_headers(struct code *c, const struct image *img)
{
	GElf_Ehdr header;
	size_t count;

	if (!gelf_getehdr(img->elf, &header) || elf_getphdrnum(img->elf, &count))
		return -EINVAL;
	for (size_t i = 0; i < sizeof(machines) / sizeof(machines[0]); i++) {
		if (machines[i]->machine == header.e_machine)
			c->machine = machines[i];
	}
	c->absolute = header.e_type == ET_EXEC;
	if (!c->machine)
		return -ENOTSUP;
	for (size_t i = 0; i < count; i++) {
		GElf_Phdr ph;

		if (!gelf_getphdr(img->elf, (int)i, &ph))
			return -EINVAL;
		if (ph.p_type == PT_GNU_EH_FRAME) {
			c->eh_frame_hdr = ph.p_vaddr;
			c->eh_frame_hdr_size = ph.p_filesz;
		} else if (ph.p_type == PT_GNU_RELRO && ph.p_vaddr + ph.p_memsz >= ph.p_vaddr) {
			c->relro_start = ph.p_vaddr;
			c->relro_end = ph.p_vaddr + ph.p_memsz;
		} else if (ph.p_type == PT_DYNAMIC) {
			c->dynamic = ph.p_vaddr;
			c->dynamic_size = ph.p_filesz;
		}
	}
	return 0;
}

int code_open(struct code **out, const struct image *img, struct err *e)
{
	struct code *c = calloc(1, sizeof(*c));
	int rc;

	*out = NULL;
	if (!c)
		return err_set(e, -ENOMEM, EXIT_FAILED, "out of memory");
	rc = read_headers(c, img);
	if (!rc)
		rc = read_segments(c, img);
	if (!rc) {
		code_relocate(c);
		rc = code_read_functions(c);
	}
	if (rc) {
		code_close(c);
		return err_set(e, rc, EXIT_FAILED, "its code cannot be read: %s",
			       rc == -ENOTSUP ? "another architecture, or no unwind tables"
					      : strerror(-rc));
	}
	*out = c;
	return 0;
}

void code_close(struct code *c)
{
	if (!c)
		return;
	for (size_t i = 0; i < c->segments; i++)
		free(c->segment[i].bytes);
	free(c->function);
	free(c);
}
