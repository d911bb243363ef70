// SPDX-License-Identifier: Apache-2.0
/*
 * Which mapped file of a process is CPython: the executable, libpython, or whatever else embeds it.
 * It is known by exporting _PyRuntime (every build since 3.7 does: it is PyAPI_DATA, and extension
 * modules need its neighbours), never by its name alone.
 */
#ifndef PYLEAK_CPYTHON_LOCATE_H
#define PYLEAK_CPYTHON_LOCATE_H

#include <stdbool.h>
#include <stdint.h>

#include "../target/maps.h"
#include "../target/memory.h"
#include "../target/process.h"
#include "images.h"

struct py_image {
	uint64_t runtime;    /* address of _PyRuntime in the process */
	uint64_t type_type;  /* of PyType_Type */
	uint64_t version;    /* of Py_Version (3.11+), or 0 */
	uint64_t bias;       /* load address minus link address */
	uint64_t start, end; /* first and last byte of its mappings */
	char path[512];      /* as the process sees it */
	char build_id[64];
	bool stripped; /* no .symtab */
	bool debug;    /* Py_DEBUG: object.h then exports _Py_NegativeRefcount */
};

/*
 * Look through the mapped files of @p: the executable first, then those with "python" in their
 * names, then all that are executable. What their symbols say is remembered in @images (NULL: it
 * is not). 0, or -errno with @e: EXIT_NOT_PYTHON saying how many files were looked at (-ENOENT:
 * none is a CPython of any version), EXIT_NOT_PERMITTED where they could not be opened.
 */
int py_locate(struct py_image *out, const struct process *p, const struct maps *maps,
	      struct remote *mem, struct py_images *images, struct err *e);

#endif
