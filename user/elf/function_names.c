// SPDX-License-Identifier: Apache-2.0
#include "function_names.h"

#include <errno.h>
#include <lzma.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../util/grow.h"
#include "image_file.h"

#define SECTIONS_MAX 65536
#define NAME_PIECE 256 /* a name's bytes read at once */
#define FIND_BACK 4096 /* symbols looked at; functions inside of others are few */

struct row {
	uint64_t start;
	uint32_t size, name; /* offset in names */
};

struct functions {
	struct row *row; /* owned; ordered by start, then from the plainest name, once `sorted` */
	size_t count, room;
	char *names; /* owned */
	size_t names_size, names_room;
	uint64_t longest; /* function */
	bool sorted;
};

struct functions *functions_new(void)
{
	return calloc(1, sizeof(struct functions));
}

void functions_free(struct functions *f)
{
	if (!f)
		return;
	free(f->row);
	free(f->names);
	free(f);
}

static bool is_function(const Elf64_Sym *sym)
{
	unsigned type = ELF64_ST_TYPE(sym->st_info);

	return sym->st_shndx != SHN_UNDEF && sym->st_value != 0 &&
	       (type == STT_FUNC || type == STT_GNU_IFUNC);
}

/* @name has @len bytes and no NUL among them. */
static int add_row(struct functions *f, const Elf64_Sym *sym, const char *name, size_t len)
{
	struct row *row;

	if (len == 0 || f->count == FUNCTIONS_MAX || f->names_size + len >= FUNCTION_NAMES_MAX)
		return 0;
	if (grow(&f->row, &f->room, f->count + 1, sizeof(*f->row)) ||
	    grow(&f->names, &f->names_room, f->names_size + len + 1, 1))
		return -ENOMEM;
	row = &f->row[f->count++];
	*row = (struct row){
		.start = sym->st_value,
		.size = sym->st_size > UINT32_MAX ? UINT32_MAX : (uint32_t)sym->st_size,
		.name = (uint32_t)f->names_size,
	};
	memcpy(f->names + f->names_size, name, len);
	f->names[f->names_size + len] = '\0';
	f->names_size += len + 1;
	if (row->size > f->longest)
		f->longest = row->size;
	return 0;
}

static int add_symtab(struct functions *f, const struct image *img)
{
	Elf_Data *symbols, *strings;
	GElf_Shdr header;

	if (!img->symtab || !gelf_getshdr(img->symtab, &header))
		return 0;
	symbols = elf_getdata(img->symtab, NULL);
	strings = elf_getdata(elf_getscn(img->elf, header.sh_link), NULL);
	if (!symbols || !strings || !symbols->d_buf || !strings->d_buf)
		return 0;
	for (size_t i = 1; i < symbols->d_size / sizeof(Elf64_Sym); i++) {
		const char *name;
		size_t room, len;
		Elf64_Sym sym;

		memcpy(&sym, (const char *)symbols->d_buf + i * sizeof(sym), sizeof(sym));
		if (!is_function(&sym) || sym.st_name >= strings->d_size)
			continue;
		name = (const char *)strings->d_buf + sym.st_name;
		room = strings->d_size - sym.st_name;
		if (room > FUNCTION_NAME_MAX)
			room = FUNCTION_NAME_MAX;
		len = strnlen(name, room);
		if (len < room && add_row(f, &sym, name, len))
			return -ENOMEM;
	}
	return 0;
}

/*
 * How many dynamic symbols there are is said nowhere: with DT_HASH it is the number of its chain
 * links; with DT_GNU_HASH the last symbol is the end of the chain that begins furthest behind. 0
 * where the tables are damaged.
 */
static uint64_t count_dynamic(const struct image *img)
{
	const struct image_dynamic *d = &img->dynamic;
	uint32_t head[4], last = 0, word = 0;
	uint64_t buckets, hashes;

	if (!d->gnu_hash)
		return d->hash && !image_read(img, d->hash, head, 8) ? head[1] : 0;
	if (image_read(img, d->gnu_hash, head, sizeof(head)))
		return 0;
	buckets = d->gnu_hash + sizeof(head) + (uint64_t)head[2] * 8;
	hashes = buckets + (uint64_t)head[0] * 4;
	for (uint32_t i = 0; i < head[0] && i < img->file_size / sizeof(word); i++) {
		if (image_read(img, buckets + (uint64_t)i * 4, &word, sizeof(word)))
			return 0;
		if (word > last)
			last = word;
	}
	if (last < head[1])
		return last;
	for (word = 0; !(word & 1) && last - head[1] < img->file_size / sizeof(word); last++)
		if (image_read(img, hashes + (uint64_t)(last - head[1]) * 4, &word, sizeof(word)))
			return 0;
	return last;
}

/* The name at link address @vaddr into @name: its length, 0 where it is too long or not there. */
static size_t read_name(const struct image *img, uint64_t vaddr, uint64_t end, char *name)
{
	size_t len = 0;

	while (len < FUNCTION_NAME_MAX && vaddr + len < end) {
		size_t piece = NAME_PIECE, got;

		if (piece > end - vaddr - len)
			piece = (size_t)(end - vaddr - len);
		if (image_read(img, vaddr + len, name + len, piece))
			return 0;
		got = strnlen(name + len, piece);
		len += got;
		if (got < piece)
			return len;
	}
	return 0;
}

static int add_dynamic(struct functions *f, const struct image *img)
{
	const struct image_dynamic *d = &img->dynamic;
	uint64_t count = d->symbols && d->strings ? count_dynamic(img) : 0;
	uint64_t end = d->strings + d->strings_size;
	char name[FUNCTION_NAME_MAX + NAME_PIECE];

	if (count > img->file_size / sizeof(Elf64_Sym))
		count = 0;
	for (uint64_t i = 1; i < count && f->count < FUNCTIONS_MAX; i++) {
		Elf64_Sym sym;

		if (image_read(img, d->symbols + i * sizeof(sym), &sym, sizeof(sym)))
			break;
		if (!is_function(&sym) || sym.st_name >= d->strings_size)
			continue;
		if (add_row(f, &sym, name, read_name(img, d->strings + sym.st_name, end, name)))
			return -ENOMEM;
	}
	return 0;
}

/* The section .gnu_debugdata, NULL where there is none. */
static Elf_Data *find_debugdata(const struct image *img)
{
	Elf_Scn *section = NULL;
	unsigned seen = 0;
	size_t names;

	if (elf_getshdrstrndx(img->elf, &names))
		return NULL;
	while ((section = elf_nextscn(img->elf, section)) && seen++ < SECTIONS_MAX) {
		GElf_Shdr header;
		const char *name;

		if (!gelf_getshdr(section, &header) || header.sh_type != SHT_PROGBITS)
			continue;
		name = elf_strptr(img->elf, names, header.sh_name);
		if (name && strcmp(name, ".gnu_debugdata") == 0 &&
		    header.sh_size <= FUNCTIONS_UNPACKED_MAX)
			return elf_rawdata(section, NULL);
	}
	return NULL;
}

/* An xz stream with a whole ELF file in it, of which .symtab is what matters. */
static int add_debugdata(struct functions *f, const struct image *img)
{
	const Elf_Data *packed = find_debugdata(img);
	uint64_t memory = 2ULL * FUNCTIONS_UNPACKED_MAX;
	size_t in = 0, size = 0;
	struct err e = { 0 };
	struct image *inner;
	uint8_t *bytes;
	int fd, rc = 0;

	if (!packed || !packed->d_buf)
		return 0;
	bytes = malloc(FUNCTIONS_UNPACKED_MAX);
	if (!bytes)
		return -ENOMEM;
	fd = memfd_create("debugdata", MFD_CLOEXEC);
	if (fd >= 0 &&
	    lzma_stream_buffer_decode(&memory, 0, NULL, packed->d_buf, &in, packed->d_size, bytes,
				      &size, FUNCTIONS_UNPACKED_MAX) == LZMA_OK &&
	    write(fd, bytes, size) == (ssize_t)size &&
	    image_open_fd(&inner, fd, ".gnu_debugdata", &e) == 0) {
		rc = add_symtab(f, inner);
		image_close(inner);
	}
	if (fd >= 0)
		close(fd);
	free(bytes);
	return rc;
}

int functions_add(struct functions *f, const struct image *img)
{
	int err = add_symtab(f, img);

	if (!err)
		err = add_dynamic(f, img);
	if (!err)
		err = add_debugdata(f, img);
	f->sorted = false;
	return err;
}

/* Few leading underscores, then short, then the alphabet: malloc before __libc_malloc. */
static int compare_names(const char *a, const char *b)
{
	size_t under_a = strspn(a, "_"), under_b = strspn(b, "_");
	size_t length_a = strlen(a), length_b = strlen(b);

	if (under_a != under_b)
		return under_a < under_b ? -1 : 1;
	if (length_a != length_b)
		return length_a < length_b ? -1 : 1;
	return strcmp(a, b);
}

static int compare_rows(const void *x, const void *y, void *arg)
{
	const struct row *a = x, *b = y;
	const char *names = arg;

	if (a->start != b->start)
		return a->start < b->start ? -1 : 1;
	return compare_names(names + a->name, names + b->name);
}

int functions_find(struct functions *f, uint64_t vaddr, uint64_t start, struct function *out)
{
	const struct row *best = NULL;
	size_t low = 0, high = f->count, left = FIND_BACK;

	if (!f->sorted && f->count)
		qsort_r(f->row, f->count, sizeof(*f->row), compare_rows, f->names);
	f->sorted = true;
	while (low < high) { /* the first that begins behind vaddr */
		size_t middle = low + (high - low) / 2;

		if (f->row[middle].start <= vaddr)
			low = middle + 1;
		else
			high = middle;
	}
	/* The nearest before it that covers it; names for the same start are from the plainest. */
	while (low-- > 0 && left-- > 0 && vaddr - f->row[low].start <= f->longest) {
		const struct row *row = &f->row[low];

		if (best && row->start != best->start)
			break;
		if (row->size ? vaddr - row->start < row->size : start && row->start == start)
			best = row;
	}
	if (!best)
		return -ENOENT;
	*out = (struct function){
		.start = best->start,
		.end = best->start + best->size,
		.name = f->names + best->name,
	};
	return 0;
}
