// SPDX-License-Identifier: Apache-2.0
/*
 * What the parts of elf/ share: the open image. Not for other folders.
 */
#ifndef PYLEAK_ELF_IMAGE_FILE_H
#define PYLEAK_ELF_IMAGE_FILE_H

#include <gelf.h>

#include "image.h"

#define IMAGE_SEGMENTS_MAX 64 /* PT_LOADs; an image with more is refused */

/* A PT_LOAD. */
struct image_segment {
	uint64_t vaddr, memsz; /* link address */
	uint64_t offset, filesz;
	uint32_t flags; /* PF_R | PF_W | PF_X */
};

/* Link addresses of the dynamic loader's tables; 0 where there is none. */
struct image_dynamic {
	uint64_t symbols, strings, strings_size;
	uint64_t hash, gnu_hash;
};

struct image {
	int fd;
	Elf *elf;
	uint64_t file_size;
	struct image_segment segment[IMAGE_SEGMENTS_MAX];
	size_t segments;
	struct image_dynamic dynamic;
	uint64_t eh_frame_hdr; /* link address of PT_GNU_EH_FRAME, 0 where there is none */
	Elf_Scn *symtab;    /* NULL: stripped, or damaged */
	char build_id[129]; /* hex of at most 64 bytes */
};

/* Find .symtab once, when the image is opened. */
void image_locate_symtab(struct image *img);

/* Fill img->dynamic from the PT_DYNAMIC segment at file offset @offset, @size bytes. */
void image_read_dynamic(struct image *img, uint64_t offset, uint64_t size);

/* Copy @len bytes at file offset @offset: 0, or -EIO where the file does not have them. */
int image_read_file(const struct image *img, uint64_t offset, void *buf, size_t len);

#endif
