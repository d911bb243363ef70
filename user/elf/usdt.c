// SPDX-License-Identifier: Apache-2.0
#include "usdt.h"

#include <string.h>

#include "image_file.h"

#define NOTE_TYPE 3
#define NOTES_MAX 65536 /* looked at */
#define SECTIONS_MAX 65536

static Elf_Scn *section_named(const struct image *img, const char *name, GElf_Shdr *header)
{
	Elf_Scn *section = NULL;
	size_t names;

	if (elf_getshdrstrndx(img->elf, &names))
		return NULL;
	for (unsigned i = 0; i < SECTIONS_MAX && (section = elf_nextscn(img->elf, section)); i++) {
		const char *have;

		if (!gelf_getshdr(section, header))
			continue;
		have = elf_strptr(img->elf, names, header->sh_name);
		if (have && strcmp(have, name) == 0)
			return section;
	}
	return NULL;
}

/* Does the note's descriptor of @size bytes name that probe? Its three words into @word. */
static bool matches(const char *at, size_t size, const char *provider, const char *name,
		    uint64_t word[3])
{
	size_t first = strlen(provider) + 1, second = strlen(name) + 1;

	if (size < 24 + first + second || memcmp(at + 24, provider, first) ||
	    memcmp(at + 24 + first, name, second))
		return false;
	memcpy(word, at, 24);
	return true;
}

size_t usdt_find(const struct image *img, const char *provider, const char *name, struct usdt *out,
		 size_t cap)
{
	GElf_Shdr header, base;
	Elf_Scn *section = section_named(img, ".note.stapsdt", &header);
	Elf_Data *data = section ? elf_getdata(section, NULL) : NULL;
	bool moved = section_named(img, ".stapsdt.base", &base) != NULL;
	size_t found = 0, at = 0, name_at, text_at;
	GElf_Nhdr note;

	for (unsigned i = 0; data && data->d_buf && i < NOTES_MAX && found < cap; i++) {
		size_t next = gelf_getnote(data, at, &note, &name_at, &text_at);
		uint64_t word[3], shift;

		if (!next)
			break;
		at = next;
		if (note.n_type != NOTE_TYPE || text_at > data->d_size ||
		    note.n_descsz > data->d_size - text_at ||
		    !matches((const char *)data->d_buf + text_at, note.n_descsz, provider, name,
			     word))
			continue;
		/* The notes are not adjusted where a program moved the sections (prelink). */
		shift = moved ? base.sh_addr - word[1] : 0;
		out[found++] = (struct usdt){.location = word[0] + shift,
					     .semaphore = word[2] ? word[2] + shift : 0};
	}
	return found;
}
