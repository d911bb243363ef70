// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <string.h>

#include "image_file.h"

#define DYNAMIC_MAX 4096 /* entries of PT_DYNAMIC looked at; real images have about 40 */
#define CHAIN_MAX                                                                                  \
	65536 /* links of one hash chain followed: chains of a hostile image may be loops */
#define STRINGS_MAX (1 << 28) /* bytes of .strtab; an image with more counts as stripped */
#define SECTIONS_MAX 65536

void image_read_dynamic(struct image *img, uint64_t offset, uint64_t size)
{
	size_t count =
		size / sizeof(Elf64_Dyn) < DYNAMIC_MAX ? size / sizeof(Elf64_Dyn) : DYNAMIC_MAX;
	struct image_dynamic *d = &img->dynamic;

	for (size_t i = 0; i < count; i++) {
		Elf64_Dyn entry;

		if (image_read_file(img, offset + i * sizeof(entry), &entry, sizeof(entry)) != 0)
			return;
		switch (entry.d_tag) {
		case DT_NULL:
			return;
		case DT_SYMTAB:
			d->symbols = entry.d_un.d_ptr;
			break;
		case DT_STRTAB:
			d->strings = entry.d_un.d_ptr;
			break;
		case DT_STRSZ:
			d->strings_size = entry.d_un.d_val;
			break;
		case DT_HASH:
			d->hash = entry.d_un.d_ptr;
			break;
		case DT_GNU_HASH:
			d->gnu_hash = entry.d_un.d_ptr;
			break;
		}
	}
}

/* Is dynamic symbol @index the defined symbol @name? 1 and @out, 0, or -EINVAL. */
static int dynamic_is(const struct image *img, uint64_t index, const char *name,
		      struct image_symbol *out)
{
	size_t len = strlen(name) + 1, at = 0;
	char piece[64];
	Elf64_Sym sym;

	if (image_read(img, img->dynamic.symbols + index * sizeof(sym), &sym, sizeof(sym)) != 0)
		return -EINVAL;
	if (sym.st_shndx == SHN_UNDEF || sym.st_name >= img->dynamic.strings_size ||
	    len > img->dynamic.strings_size - sym.st_name)
		return 0;
	while (at < len) {
		size_t n = len - at < sizeof(piece) ? len - at : sizeof(piece);

		if (image_read(img, img->dynamic.strings + sym.st_name + at, piece, n) != 0)
			return -EINVAL;
		if (memcmp(piece, name + at, n) != 0)
			return 0;
		at += n;
	}
	*out = (struct image_symbol){
		.value = sym.st_value,
		.size = sym.st_size,
		.type = ELF64_ST_TYPE(sym.st_info),
		.dynamic = true,
	};
	return 1;
}

static int read_word(const struct image *img, uint64_t vaddr, uint32_t *word)
{
	return image_read(img, vaddr, word, sizeof(*word)) == 0 ? 0 : -EINVAL;
}

/*
 * DT_GNU_HASH: u32 buckets, first_symbol, bloom_words, bloom_shift; u64 bloom[bloom_words]; u32
 * bucket[buckets]; u32 hash[]: one for each symbol from first_symbol on, lowest bit set at the end
 * of a bucket.
 */
static int gnu_lookup(const struct image *img, const char *name, struct image_symbol *out)
{
	uint64_t table = img->dynamic.gnu_hash, buckets, hashes;
	uint32_t head[4], hash = 5381, index, link;

	for (const unsigned char *p = (const unsigned char *)name; *p; p++)
		hash = hash * 33 + *p;
	if (image_read(img, table, head, sizeof(head)) != 0 || head[0] == 0)
		return -EINVAL;
	buckets = table + sizeof(head) + (uint64_t)head[2] * 8;
	hashes = buckets + (uint64_t)head[0] * 4;
	if (read_word(img, buckets + (uint64_t)(hash % head[0]) * 4, &index) != 0)
		return -EINVAL;
	if (index == 0)
		return -ENOENT;
	if (index < head[1])
		return -EINVAL;
	for (unsigned step = 0; step < CHAIN_MAX; step++, index++) {
		if (read_word(img, hashes + (uint64_t)(index - head[1]) * 4, &link) != 0)
			return -EINVAL;
		if ((link | 1) == (hash | 1)) {
			int is = dynamic_is(img, index, name, out);

			if (is)
				return is < 0 ? is : 0;
		}
		if (link & 1)
			return -ENOENT;
	}
	return -EINVAL;
}

/* DT_HASH: u32 buckets, symbols; u32 bucket[buckets]; u32 next[symbols], 0 ends a chain. */
static int sysv_lookup(const struct image *img, const char *name, struct image_symbol *out)
{
	uint64_t table = img->dynamic.hash;
	uint32_t head[2], index;

	if (image_read(img, table, head, sizeof(head)) != 0 || head[0] == 0)
		return -EINVAL;
	if (read_word(img, table + 8 + (uint64_t)(elf_hash(name) % head[0]) * 4, &index) != 0)
		return -EINVAL;
	for (unsigned step = 0; step < CHAIN_MAX; step++) {
		int is;

		if (index == 0)
			return -ENOENT;
		if (index >= head[1])
			return -EINVAL;
		is = dynamic_is(img, index, name, out);
		if (is)
			return is < 0 ? is : 0;
		if (read_word(img, table + 8 + ((uint64_t)head[0] + index) * 4, &index) != 0)
			return -EINVAL;
	}
	return -EINVAL;
}

static int dynamic_lookup(const struct image *img, const char *name, struct image_symbol *out)
{
	if (!img->dynamic.symbols || !img->dynamic.strings)
		return -ENOENT;
	if (img->dynamic.gnu_hash)
		return gnu_lookup(img, name, out);
	if (img->dynamic.hash)
		return sysv_lookup(img, name, out);
	return -ENOENT;
}

void image_locate_symtab(struct image *img)
{
	Elf_Scn *section = NULL;
	unsigned seen = 0;

	while ((section = elf_nextscn(img->elf, section)) && seen++ < SECTIONS_MAX) {
		GElf_Shdr header, strings;

		if (!gelf_getshdr(section, &header) || header.sh_type != SHT_SYMTAB)
			continue;
		if (header.sh_size / sizeof(Elf64_Sym) > IMAGE_SYMBOLS_MAX ||
		    header.sh_size <= sizeof(Elf64_Sym) ||
		    !gelf_getshdr(elf_getscn(img->elf, header.sh_link), &strings) ||
		    strings.sh_size > STRINGS_MAX)
			return;
		img->symtab = section;
		return;
	}
}

/* .symtab is not sorted, and local names repeat: a global definition wins over a local one. */
static int symtab_lookup(const struct image *img, const char *name, struct image_symbol *out)
{
	Elf_Data *symbols, *strings;
	size_t len = strlen(name) + 1;
	GElf_Shdr header;
	int err = -ENOENT;

	if (!img->symtab)
		return -ENOENT;
	if (!gelf_getshdr(img->symtab, &header))
		return -EINVAL;
	symbols = elf_getdata(img->symtab, NULL);
	strings = elf_getdata(elf_getscn(img->elf, header.sh_link), NULL);
	if (!symbols || !strings || !symbols->d_buf || !strings->d_buf)
		return -EINVAL;
	for (size_t i = 1; i < symbols->d_size / sizeof(Elf64_Sym); i++) {
		GElf_Sym sym;

		if (!gelf_getsym(symbols, (int)i, &sym))
			return -EINVAL;
		if (sym.st_shndx == SHN_UNDEF || sym.st_name >= strings->d_size ||
		    len > strings->d_size - sym.st_name ||
		    memcmp((const char *)strings->d_buf + sym.st_name, name, len) != 0)
			continue;
		*out = (struct image_symbol){
			.value = sym.st_value,
			.size = sym.st_size,
			.type = GELF_ST_TYPE(sym.st_info),
		};
		err = 0;
		if (GELF_ST_BIND(sym.st_info) != STB_LOCAL)
			break;
	}
	return err;
}

int image_symbol(const struct image *img, const char *name, struct image_symbol *out)
{
	int dynamic = dynamic_lookup(img, name, out), full;

	if (dynamic == 0)
		return 0;
	full = symtab_lookup(img, name, out);
	return full == -ENOENT ? dynamic : full;
}

int image_symbols(const struct image *img, image_visit *visit, void *arg)
{
	Elf_Data *symbols, *strings;
	GElf_Shdr header;

	if (!img->symtab)
		return -ENOENT;
	if (!gelf_getshdr(img->symtab, &header))
		return -EINVAL;
	symbols = elf_getdata(img->symtab, NULL);
	strings = elf_getdata(elf_getscn(img->elf, header.sh_link), NULL);
	if (!symbols || !strings || !symbols->d_buf || !strings->d_buf)
		return -EINVAL;
	for (size_t i = 1; i < symbols->d_size / sizeof(Elf64_Sym); i++) {
		struct image_symbol symbol = {0};
		const char *name;
		GElf_Sym sym;

		if (!gelf_getsym(symbols, (int)i, &sym))
			return -EINVAL;
		if (sym.st_shndx == SHN_UNDEF || sym.st_name >= strings->d_size)
			continue;
		name = (const char *)strings->d_buf + sym.st_name;
		if (!memchr(name, 0, strings->d_size - sym.st_name))
			continue;
		symbol.value = sym.st_value;
		symbol.size = sym.st_size;
		symbol.type = GELF_ST_TYPE(sym.st_info);
		if (!visit(arg, name, &symbol))
			break;
	}
	return 0;
}
