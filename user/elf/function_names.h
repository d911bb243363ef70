// SPDX-License-Identifier: Apache-2.0
/*
 * Which function is at an address: names from everything that an image and the files that go with
 * it say.
 *
 *	.symtab			where it was not stripped
 *	dynamic symbols		what it exports; read as the dynamic loader reads them
 *	.gnu_debugdata		Fedora's and others' small symbol table, compressed with xz
 *	another image		its debug file, see user/target/debug_file.h
 *
 * Names are copied: the images may be closed. An image of which more is said than fits the bounds
 * below loses the rest.
 */
#ifndef PYLEAK_ELF_FUNCTION_NAMES_H
#define PYLEAK_ELF_FUNCTION_NAMES_H

#include "image.h"

#define FUNCTIONS_MAX 2000000		     /* of one image */
#define FUNCTION_NAMES_MAX (256U << 20)	     /* bytes of their names */
#define FUNCTION_NAME_MAX 4096		     /* of one; a longer one is left out */
#define FUNCTIONS_UNPACKED_MAX (64U << 20) /* bytes of an unpacked .gnu_debugdata */

struct functions;

struct function {
	uint64_t start, end; /* link addresses; end is not included */
	const char *name;    /* mangled; owned by the table */
};

struct functions *functions_new(void); /* NULL: no memory */
void functions_free(struct functions *f);

/* Take in what @img says. 0, or -ENOMEM; what is damaged is left out. */
int functions_add(struct functions *f, const struct image *img);

/*
 * The function that holds link address @vaddr: one whose symbol's size covers it, or one without a
 * size that begins exactly at @start, where a caller knows that from cfi_function() (0: it does
 * not). Of several names for one function the plainest. 0 or -ENOENT.
 */
int functions_find(struct functions *f, uint64_t vaddr, uint64_t start, struct function *out);

#endif
