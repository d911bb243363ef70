// SPDX-License-Identifier: Apache-2.0
#include "memory_image.h"

#include <elf.h>
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define PIECE_BYTES 65536
#define DYNAMIC_MAX 256 /* entries; libpython has about 30 */

static bool same_file(const struct map *a, const struct map *b)
{
	return a->inode == b->inode && a->dev == b->dev;
}

/* What cannot be read stays a hole, which is zeros. */
static int copy_mapping(int fd, struct remote *mem, const struct map *m)
{
	char piece[PIECE_BYTES];

	for (uint64_t at = m->start; at < m->end;) {
		size_t len = m->end - at < PIECE_BYTES ? (size_t)(m->end - at) : PIECE_BYTES;
		ssize_t n = remote_read_some(mem, at, piece, len);

		if (n == -ESRCH || n == -EPERM)
			return (int)n;
		if (n > 0 && pwrite(fd, piece, (size_t)n, (off_t)(m->offset + at - m->start)) != n)
			return errno ? -errno : -EIO;
		at += len;
	}
	return 0;
}

/* The tags that glibc's loader turns into addresses where they lie (elf/get-dynamic-info.h). */
static bool is_relocated(int64_t tag)
{
	return tag == DT_HASH || tag == DT_GNU_HASH || tag == DT_STRTAB || tag == DT_SYMTAB ||
	       tag == DT_RELA || tag == DT_REL || tag == DT_JMPREL || tag == DT_PLTGOT ||
	       tag == DT_VERSYM;
}

/* Make the dynamic section at @offset what the file had: addresses below @bias were never moved. */
static int restore_dynamic(int fd, uint64_t offset, uint64_t bias)
{
	Elf64_Dyn entry[DYNAMIC_MAX];
	ssize_t n = pread(fd, entry, sizeof(entry), (off_t)offset);

	if (n < 0)
		return -errno;
	for (size_t i = 0; i < (size_t)n / sizeof(entry[0]) && entry[i].d_tag != DT_NULL; i++) {
		if (is_relocated(entry[i].d_tag) && entry[i].d_un.d_ptr >= bias)
			entry[i].d_un.d_ptr -= bias;
	}
	return pwrite(fd, entry, (size_t)n, (off_t)offset) == n ? 0 : -EIO;
}

static int restore(int fd, const struct map *first)
{
	uint64_t dynamic = 0, vaddr = UINT64_MAX;
	Elf64_Ehdr head;

	if (pread(fd, &head, sizeof(head), 0) != sizeof(head) ||
	    memcmp(head.e_ident, ELFMAG, SELFMAG) || head.e_phentsize != sizeof(Elf64_Phdr))
		return -EINVAL;
	for (unsigned int i = 0; i < head.e_phnum; i++) {
		off_t at = (off_t)(head.e_phoff + i * sizeof(Elf64_Phdr));
		Elf64_Phdr segment;

		if (pread(fd, &segment, sizeof(segment), at) != sizeof(segment))
			return -EINVAL;
		if (segment.p_type == PT_DYNAMIC)
			dynamic = segment.p_offset;
		if (segment.p_type == PT_LOAD && segment.p_offset == 0)
			vaddr = segment.p_vaddr;
	}
	if (!dynamic || vaddr > first->start)
		return -EINVAL;
	return restore_dynamic(fd, dynamic, first->start - vaddr);
}

int image_open_memory(struct image **out, struct remote *mem, const struct maps *maps,
		      const struct map *first, struct err *e)
{
	int fd, rc = 0;

	if (first->offset)
		return -EINVAL;
	fd = memfd_create("image", MFD_CLOEXEC);
	if (fd < 0)
		return -errno;
	for (const struct map *m = first; !rc && m < maps->map + maps->count; m++) {
		if (!same_file(m, first))
			continue;
		if (m->offset > MEMORY_IMAGE_MAX ||
		    m->end - m->start > MEMORY_IMAGE_MAX - m->offset)
			rc = -EFBIG;
		else
			rc = copy_mapping(fd, mem, m);
	}
	if (!rc)
		rc = restore(fd, first);
	if (!rc)
		rc = image_open_fd(out, fd, first->path, e);
	close(fd);
	return rc;
}
