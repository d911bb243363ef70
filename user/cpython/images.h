// SPDX-License-Identifier: Apache-2.0
/*
 * What the symbols of mapped files say of CPython, remembered: two hundred processes map the same
 * few hundred files, and each is opened once.
 */
#ifndef PYLEAK_CPYTHON_IMAGES_H
#define PYLEAK_CPYTHON_IMAGES_H

#include <stdbool.h>
#include <stdint.h>

#include "../elf/image.h"
#include "../target/maps.h"

/* Of one file. Addresses as the file has them, 0 where it has none. */
struct py_symbols {
	uint64_t runtime, type_type, version;
	uint64_t slide; /* load address minus link address, minus start of the mapping looked at */
	bool older;	/* exports the interpreter's API without _PyRuntime: before 3.7 */
	bool debug;	/* Py_DEBUG: object.h then exports _Py_NegativeRefcount */
	bool stripped;	/* no .symtab */
	char build_id[64];
};

/* Read them. @m is the mapping of @img that is looked at; all 0 where it is no CPython. */
void py_symbols_read(struct py_symbols *s, const struct image *img, const struct map *m);

#define PY_IMAGES_MAX 6144 /* files; when there are more, all are forgotten */

/*
 * A file is known by what its mapping says: device, inode, path, size. That a file was replaced by
 * another that agrees in all of them is possible where inodes are used again, so that who lives
 * long calls py_images_forget() now and then.
 */
struct py_images;

struct py_images *py_images_new(void); /* NULL: no memory */
void py_images_free(struct py_images *images);
void py_images_forget(struct py_images *images);

/* What is remembered of the file mapped at @m, or NULL. All 0: it is no CPython. */
const struct py_symbols *py_images_find(const struct py_images *images, const struct map *m);

/* Remember @s; without memory for it nothing happens. */
void py_images_keep(struct py_images *images, const struct map *m, const struct py_symbols *s);

#endif
