// SPDX-License-Identifier: Apache-2.0
#include "image.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../util/siphash.h"
#include "image_file.h"

#define NOTES_MAX 65536	 /* bytes of one PT_NOTE that are looked at */
#define FIND_CHUNK 65536 /* bytes searched at once */
#define NEEDLE_MAX 4096

int image_read_file(const struct image *img, uint64_t offset, void *buf, size_t len)
{
	size_t done = 0;

	if (offset > img->file_size || len > img->file_size - offset)
		return -EIO;
	while (done < len) {
		ssize_t n = pread(img->fd, (char *)buf + done, len - done, (off_t)(offset + done));

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return -EIO; /* truncated since it was opened */
		done += (size_t)n;
	}
	return 0;
}

/*
 * A note is { u32 namesz, descsz, type; name; desc }, name and desc padded to @align (elf(5),
 * "Notes"). The build id is the note "GNU" of type NT_GNU_BUILD_ID: put it into img->build_id if it
 * is the one at @at. Returns where the next note begins, or @size.
 */
static size_t read_note(struct image *img, const unsigned char *notes, size_t size, size_t at,
			size_t align)
{
	size_t name = at + sizeof(GElf_Nhdr), desc, next;
	GElf_Nhdr note;

	memcpy(&note, notes + at, sizeof(note));
	if (note.n_namesz > size - name)
		return size;
	desc = (name + note.n_namesz + align - 1) & ~(align - 1);
	if (desc > size || note.n_descsz > size - desc)
		return size;
	if (note.n_type == NT_GNU_BUILD_ID && note.n_namesz == 4 &&
	    memcmp(notes + name, "GNU", 4) == 0 && note.n_descsz * 2 < sizeof(img->build_id)) {
		for (size_t i = 0; i < note.n_descsz; i++)
			snprintf(img->build_id + 2 * i, 3, "%02x", notes[desc + i]);
	}
	next = (desc + note.n_descsz + align - 1) & ~(align - 1);
	return next < size ? next : size;
}

static void read_build_id(struct image *img, const GElf_Phdr *ph)
{
	size_t size = ph->p_filesz < NOTES_MAX ? ph->p_filesz : NOTES_MAX, at = 0;
	unsigned char *notes = malloc(size ? size : 1);

	if (notes && image_read_file(img, ph->p_offset, notes, size) == 0) {
		while (size - at >= sizeof(GElf_Nhdr) && !img->build_id[0])
			at = read_note(img, notes, size, at, ph->p_align == 8 ? 8 : 4);
	}
	free(notes);
}

/* Take in PT_LOADs, the build id and the dynamic tables; -EINVAL with @e set. */
static int read_program_headers(struct image *img, const char *name, struct err *e)
{
	size_t count;

	if (elf_getphdrnum(img->elf, &count) != 0)
		return err_set(e, -EINVAL, EXIT_FAILED, "%s: damaged ELF file: no program headers",
			       name);
	for (size_t i = 0; i < count; i++) {
		GElf_Phdr ph;

		if (!gelf_getphdr(img->elf, (int)i, &ph))
			return err_set(
				e, -EINVAL, EXIT_FAILED,
				"%s: damaged ELF file: program header %zu of %zu cannot be read",
				name, i, count);
		if (ph.p_type == PT_NOTE && !img->build_id[0])
			read_build_id(img, &ph);
		if (ph.p_type == PT_DYNAMIC && !img->dynamic.symbols)
			image_read_dynamic(img, ph.p_offset, ph.p_filesz);
		if (ph.p_type == PT_GNU_EH_FRAME)
			img->eh_frame_hdr = ph.p_vaddr;
		if (ph.p_type != PT_LOAD)
			continue;
		if (img->segments == IMAGE_SEGMENTS_MAX)
			return err_set(e, -EINVAL, EXIT_FAILED,
				       "%s: damaged ELF file: more than %d segments", name,
				       IMAGE_SEGMENTS_MAX);
		if (ph.p_filesz > ph.p_memsz || ph.p_vaddr + ph.p_memsz < ph.p_vaddr ||
		    ph.p_offset + ph.p_filesz < ph.p_offset)
			return err_set(e, -EINVAL, EXIT_FAILED,
				       "%s: damaged ELF file: segment %zu has absurd bounds", name,
				       img->segments);
		img->segment[img->segments++] = (struct image_segment){
			.vaddr = ph.p_vaddr,
			.memsz = ph.p_memsz,
			.offset = ph.p_offset,
			.filesz = ph.p_filesz,
			.flags = ph.p_flags,
		};
	}
	if (img->segments == 0)
		return err_set(e, -EINVAL, EXIT_FAILED,
			       "%s: damaged ELF file: nothing in it is loadable", name);
	return 0;
}

/* The parts of opening that depend on what is in the file. */
static int read_headers(struct image *img, const char *name, struct err *e)
{
	GElf_Ehdr header;
	const char *ident;

	elf_version(EV_CURRENT);
	img->elf = elf_begin(img->fd, ELF_C_READ, NULL);
	if (!img->elf || elf_kind(img->elf) != ELF_K_ELF || !gelf_getehdr(img->elf, &header))
		return err_set(e, -EINVAL, EXIT_FAILED, "%s: not an ELF file, or a damaged one",
			       name);
	ident = elf_getident(img->elf, NULL);
	if (ident[EI_CLASS] != ELFCLASS64 || ident[EI_DATA] != ELFDATA2LSB)
		return err_set(e, -EINVAL, EXIT_FAILED,
			       "%s: a 32-bit or big-endian ELF file; only 64-bit little-endian "
			       "ones are understood",
			       name);
	if (header.e_type != ET_EXEC && header.e_type != ET_DYN)
		return err_set(e, -EINVAL, EXIT_FAILED,
			       "%s: ELF type %u is neither a program nor a shared library", name,
			       header.e_type);
	return read_program_headers(img, name, e);
}

int image_open_fd(struct image **out, int fd, const char *name, struct err *e)
{
	struct image *img = calloc(1, sizeof(*img));
	struct stat st;
	int err;

	*out = NULL;
	if (!img)
		return err_set(e, -ENOMEM, EXIT_FAILED, "%s: out of memory", name);
	img->fd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	if (img->fd < 0 || fstat(img->fd, &st) != 0) {
		err = err_set(e, -errno, EXIT_FAILED, "%s: cannot open: %s", name, strerror(errno));
		goto fail;
	}
	if (!S_ISREG(st.st_mode)) {
		err = err_set(e, -EINVAL, EXIT_FAILED, "%s: not a regular file", name);
		goto fail;
	}
	img->file_size = (uint64_t)st.st_size;
	err = read_headers(img, name, e);
	if (err)
		goto fail;
	image_locate_symtab(img);
	*out = img;
	return 0;
fail:
	image_close(img);
	return err;
}

void image_close(struct image *img)
{
	if (!img)
		return;
	elf_end(img->elf);
	if (img->fd >= 0)
		close(img->fd);
	free(img);
}

const char *image_build_id(const struct image *img)
{
	return img->build_id;
}

bool image_has_symtab(const struct image *img)
{
	return img->symtab != NULL;
}

/*
 * The loader maps whole pages, so the end of one segment and the start of the next may show the
 * same page of the file: a mapping that begins exactly where a segment's first page does belongs to
 * that segment.
 */
int image_bias(const struct image *img, uint64_t map_start, uint64_t map_offset, uint64_t *bias)
{
	uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
	const struct image_segment *found = NULL;

	for (size_t i = 0; i < img->segments; i++) {
		const struct image_segment *s = &img->segment[i];
		uint64_t first = s->offset & ~(page - 1);

		if (s->filesz == 0 || map_offset < first || map_offset >= s->offset + s->filesz)
			continue;
		if (!found || map_offset == first)
			found = s;
		if (map_offset == first)
			break;
	}
	if (!found)
		return -ENOENT;
	*bias = map_start - map_offset + found->offset - found->vaddr;
	return 0;
}

static const struct image_segment *segment_of(const struct image *img, uint64_t vaddr)
{
	for (size_t i = 0; i < img->segments; i++) {
		const struct image_segment *s = &img->segment[i];

		if (vaddr >= s->vaddr && vaddr - s->vaddr < s->memsz)
			return s;
	}
	return NULL;
}

int image_read(const struct image *img, uint64_t vaddr, void *buf, size_t len)
{
	char *to = buf;

	while (len) {
		const struct image_segment *s = segment_of(img, vaddr);
		uint64_t into, piece;

		if (!s)
			return -EFAULT;
		into = vaddr - s->vaddr;
		piece = s->memsz - into < len ? s->memsz - into : len;
		if (into < s->filesz) {
			if (piece > s->filesz - into)
				piece = s->filesz - into;
			if (image_read_file(img, s->offset + into, to, (size_t)piece) != 0)
				return -EIO;
		} else {
			memset(to, 0, (size_t)piece);
		}
		to += piece;
		vaddr += piece;
		len -= (size_t)piece;
	}
	return 0;
}

/* First @needle in the file part of @s at or behind @from; @buf holds FIND_CHUNK + NEEDLE_MAX
 * bytes. */
static int find_in(const struct image *img, const struct image_segment *s, const void *needle,
		   size_t len, uint64_t from, char *buf, uint64_t *vaddr)
{
	uint64_t at = from > s->vaddr ? from - s->vaddr : 0, end = s->filesz;

	if (s->offset >= img->file_size)
		return -ENOENT;
	if (end > img->file_size - s->offset)
		end = img->file_size - s->offset;
	for (; at < end; at += FIND_CHUNK) {
		size_t size =
			(size_t)(end - at < FIND_CHUNK + len - 1 ? end - at : FIND_CHUNK + len - 1);
		const char *hit;

		if (image_read_file(img, s->offset + at, buf, size) != 0)
			return -EIO;
		hit = memmem(buf, size, needle, len);
		if (hit) {
			*vaddr = s->vaddr + at + (uint64_t)(hit - buf);
			return 0;
		}
	}
	return -ENOENT;
}

int image_find(const struct image *img, const void *needle, size_t len, uint64_t from,
	       uint64_t *vaddr)
{
	int err = -ENOENT;
	char *buf;

	if (len == 0 || len > NEEDLE_MAX)
		return -EINVAL;
	buf = malloc(FIND_CHUNK + NEEDLE_MAX);
	if (!buf)
		return -ENOMEM;
	for (size_t i = 0; i < img->segments && err == -ENOENT; i++) {
		const struct image_segment *s = &img->segment[i];

		if (!(s->flags & PF_W) && s->vaddr + s->memsz > from)
			err = find_in(img, s, needle, len, from, buf, vaddr);
	}
	free(buf);
	return err;
}

int image_hash(const struct image *img, const uint64_t key[2], uint64_t *hash)
{
	char *buf = malloc(FIND_CHUNK);
	struct siphash s;
	int rc = buf ? 0 : -ENOMEM;
	size_t size = 0;

	siphash_begin(&s, key);
	for (uint64_t at = 0; !rc && at < img->file_size; at += size) {
		size = img->file_size - at < FIND_CHUNK ? (size_t)(img->file_size - at)
							: FIND_CHUNK;
		rc = image_read_file(img, at, buf, size);
		if (!rc)
			siphash_words(&s, buf, size & ~(size_t)7);
	}
	if (!rc)
		*hash = siphash_end(&s, buf + (size & ~(size_t)7), size & 7);
	free(buf);
	return rc;
}
