// SPDX-License-Identifier: Apache-2.0
/*
 * An ELF image, read from its file: symbols, build id, segments, bytes. Knows nothing of Python.
 *
 * The file is hostile: any count, offset or loop in it may lie, and it may be truncated while we
 * look. Everything is read with pread(2) and checked against the file's size, so the worst outcome
 * is -EINVAL with a text. Only what processes of this machine can be made of is accepted: 64-bit
 * little-endian executables and shared objects.
 *
 * Addresses here are link addresses (p_vaddr, st_value). Add image_bias() for addresses in the
 * process. user/target/open_image.h opens the file behind a mapping of a process.
 *
 * Dynamic symbols are found through PT_DYNAMIC and the hash tables, as the dynamic loader finds
 * them (gabi chapter 5, "Hash Table"; DT_GNU_HASH as in glibc's elf/dl-lookup.c), so an image
 * without section headers works. They are needed for .symtab alone; where they are damaged the
 * image counts as stripped.
 */
#ifndef PYLEAK_ELF_IMAGE_H
#define PYLEAK_ELF_IMAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../util/err.h"

#define IMAGE_SYMBOLS_MAX 4000000 /* in .symtab; an image with more counts as stripped */

struct image;

struct image_symbol {
	uint64_t value; /* link address */
	uint64_t size;
	uint8_t type; /* STT_OBJECT, STT_FUNC, ... */
	bool dynamic; /* exported: found in .dynsym, not .symtab */
};

/*
 * Open the ELF file behind @fd; @name is what error texts call it. The image keeps a duplicate of
 * @fd, the caller's stays the caller's. 0; -EINVAL (EXIT_FAILED, @e says what is wrong with the
 * file) or -errno. Close with image_close(); NULL is allowed.
 */
int image_open_fd(struct image **out, int fd, const char *name, struct err *e);
void image_close(struct image *img);

/*
 * A defined symbol of that name: the dynamic table first, then .symtab. 0, -ENOENT where neither
 * has it, -EINVAL where the tables are damaged.
 */
int image_symbol(const struct image *img, const char *name, struct image_symbol *out);

/*
 * Call @visit with each defined symbol of .symtab until it returns false; @name is valid during the
 * call. 0, -ENOENT where there is no .symtab, -EINVAL where it is damaged.
 */
typedef bool image_visit(void *arg, const char *name, const struct image_symbol *symbol);
int image_symbols(const struct image *img, image_visit *visit, void *arg);

/* Build id in hex, "" where it has none. */
const char *image_build_id(const struct image *img);

/* Has it a .symtab with symbols, that is: was it not stripped? */
bool image_has_symtab(const struct image *img);

/*
 * Load address minus link address, from any one mapping of the file: it begins at @map_start and
 * shows the file from @map_offset. -ENOENT where no PT_LOAD covers that offset.
 */
int image_bias(const struct image *img, uint64_t map_start, uint64_t map_offset, uint64_t *bias);

/*
 * Copy @len bytes at link address @vaddr, as the file has them (not relocated); zeros where the
 * segment is larger than its file part. 0, -EFAULT where a byte is in no segment, -EIO where the
 * file is shorter than its headers say.
 */
int image_read(const struct image *img, uint64_t vaddr, void *buf, size_t len);

/* SipHash-2-4 of the whole file. 0, -EIO, -ENOMEM. */
int image_hash(const struct image *img, const uint64_t key[2], uint64_t *hash);

/*
 * First occurrence of @needle (1..4096 bytes) at or behind link address @from in segments that are
 * not writable (code, read-only data). 0 and @vaddr, -ENOENT, -EINVAL, -ENOMEM.
 */
int image_find(const struct image *img, const void *needle, size_t len, uint64_t from,
	       uint64_t *vaddr);

#endif
