// SPDX-License-Identifier: Apache-2.0
/*
 * Every image of the process that exports malloc is probed: the C library, an allocator preloaded
 * in front of it, one linked into the executable. Where one calls the other, the outer call counts.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "../elf/code.h"
#include "../target/open_image.h"
#include "source.h"

#define IMAGES_MOST 6 /* that export malloc */

struct function {
	const char *name;
	enum loader_program program;
	bool allocates;
	bool maps_memory; /* only the C library's */
};

static const struct function functions[] = {
	{ "free", PROGRAM_LIBC_FREE, false, false },
	{ "malloc", PROGRAM_LIBC_MALLOC, true, false },
	{ "calloc", PROGRAM_LIBC_CALLOC, true, false },
	{ "realloc", PROGRAM_LIBC_REALLOC, true, false },
	{ "reallocarray", PROGRAM_LIBC_REALLOCARRAY, true, false },
	{ "posix_memalign", PROGRAM_LIBC_POSIX_MEMALIGN, true, false },
	{ "aligned_alloc", PROGRAM_LIBC_ALIGNED_ALLOC, true, false },
	{ "memalign", PROGRAM_LIBC_ALIGNED_ALLOC, true, false },
	{ "valloc", PROGRAM_LIBC_MALLOC, true, false },
	{ "pvalloc", PROGRAM_LIBC_MALLOC, true, false },
	{ "munmap", PROGRAM_LIBC_FREE, false, true },
	{ "mmap", PROGRAM_LIBC_MMAP, true, true },
	{ "mmap64", PROGRAM_LIBC_MMAP, true, true },
	{ "mremap", PROGRAM_LIBC_MREMAP, true, true },
};

struct probed_image {
	const struct map *map;
	const struct image *image;
	struct code *code; /* NULL: its instructions are not known, entries are probed */
	bool c_library;
};

static void add_function(const struct source_target *t, const struct probed_image *p,
			 const struct function *f, struct source_probes *out)
{
	struct source_probe probe = { .program = f->program,
				      .allocates = f->allocates,
				      .maps_memory = f->maps_memory };
	struct code_probe at = { 0 };
	struct image_symbol symbol;

	if (image_symbol(p->image, f->name, &symbol) || !symbol.dynamic)
		return;
	if (!p->code || !code_file_offset(p->code, symbol.value, &probe.offset))
		return;
	code_probe(p->code, symbol.value, false, &at);
	probe.offset += at.offset;
	probe.emulated = at.emulated != CODE_STEPPED;
	source_path(t->process, p->map, probe.path, sizeof(probe.path));
	snprintf(probe.function, sizeof(probe.function), "%s", f->name);
	source_add(out, &probe, t->maps, p->map);
}

/* Probe the image if it exports malloc. */
static bool add_image(const struct source_target *t, const struct map *m, struct source_probes *out)
{
	const char *name = strrchr(m->path, '/');
	struct probed_image p = { .map = m };
	struct image *image;
	struct image_symbol symbol;
	bool has_malloc;

	name = name ? name + 1 : m->path;
	/* The loader's own malloc, until glibc 2.30, serves the time before libc is there. */
	if (strncmp(name, "ld-", 3) == 0 || image_open_target(&image, t->process, m, NULL))
		return false;
	p.c_library = strncmp(name, "libc.", 5) == 0 || strncmp(name, "libc-", 5) == 0 ||
		      strncmp(name, "libc.musl", 9) == 0;
	has_malloc = image_symbol(image, "malloc", &symbol) == 0 && symbol.dynamic;
	if (has_malloc && code_open(&p.code, image, NULL) == 0) {
		p.image = image;
		for (size_t i = 0; i < sizeof(functions) / sizeof(functions[0]); i++)
			if (p.c_library || !functions[i].maps_memory)
				add_function(t, &p, &functions[i], out);
	}
	code_close(p.code);
	image_close(image);
	return has_malloc;
}

static void find_points(const struct source_target *t, struct source_probes *out)
{
	unsigned images = 0;

	*out = (struct source_probes){ 0 };
	for (size_t i = 0; i < t->maps->count && images < IMAGES_MOST; i++) {
		const struct map *m = &t->maps->map[i];

		/* Once an image: at its first mapping, which has the headers. */
		if (m->inode && m->offset == 0 && m->path[0] == '/')
			images += add_image(t, m, out);
	}
	if (!out->count)
		snprintf(out->why, sizeof(out->why),
			 "no image of the process exports malloc: it is linked statically");
}

const struct source source_libc = { "libc", ACCOUNT_LIBC, find_points };
