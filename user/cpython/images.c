// SPDX-License-Identifier: Apache-2.0
#include "images.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "../util/siphash.h"

#define SLOTS 8192 /* a power of two, a third more than PY_IMAGES_MAX */

/* Most files are no CPython: those have a slot of 16 bytes and nothing else. */
struct slot {
	uint64_t key;		    /* 0: free */
	struct py_symbols *symbols; /* owned; NULL: no CPython */
};

struct py_images {
	uint64_t key[2]; /* random: paths are chosen by others */
	struct slot slot[SLOTS];
	unsigned count;
};

static const struct py_symbols no_cpython;

static uint64_t link_address(const struct image *img, const char *name)
{
	struct image_symbol symbol;

	return image_symbol(img, name, &symbol) ? 0 : symbol.value;
}

void py_symbols_read(struct py_symbols *s, const struct image *img, const struct map *m)
{
	struct py_symbols found = { .runtime = link_address(img, "_PyRuntime"),
				    .type_type = link_address(img, "PyType_Type") };
	uint64_t bias;

	*s = no_cpython;
	if (!found.type_type || image_bias(img, m->start, m->offset, &bias))
		return;
	if (!found.runtime) {
		s->older = link_address(img, "Py_GetVersion") != 0;
		return;
	}
	*s = found;
	s->slide = bias - m->start;
	s->version = link_address(img, "Py_Version");
	s->debug = link_address(img, "_Py_NegativeRefcount") != 0;
	s->stripped = !image_has_symtab(img);
	snprintf(s->build_id, sizeof(s->build_id), "%s", image_build_id(img));
}

struct py_images *py_images_new(void)
{
	struct py_images *images = calloc(1, sizeof(*images));

	if (images && getrandom(images->key, sizeof(images->key), 0) < 0)
		memset(images->key, 0x5a, sizeof(images->key));
	return images;
}

void py_images_forget(struct py_images *images)
{
	for (unsigned i = 0; i < SLOTS; i++)
		free(images->slot[i].symbols);
	memset(images->slot, 0, sizeof(images->slot));
	images->count = 0;
}

void py_images_free(struct py_images *images)
{
	if (images)
		py_images_forget(images);
	free(images);
}

static uint64_t key_of(const struct py_images *images, const struct map *m)
{
	uint64_t words[] = { m->dev, m->inode, m->offset, m->end - m->start,
			     siphash(images->key, m->path, strlen(m->path)) };

	return siphash(images->key, words, sizeof(words)) | 1;
}

/* The slot that has @key, or the free one where it would go. */
static size_t slot_of(const struct py_images *images, uint64_t key)
{
	size_t i = (key >> 1) % SLOTS;

	while (images->slot[i].key && images->slot[i].key != key)
		i = (i + 1) % SLOTS;
	return i;
}

const struct py_symbols *py_images_find(const struct py_images *images, const struct map *m)
{
	const struct slot *slot = &images->slot[slot_of(images, key_of(images, m))];

	if (!slot->key)
		return NULL;
	return slot->symbols ? slot->symbols : &no_cpython;
}

void py_images_keep(struct py_images *images, const struct map *m, const struct py_symbols *s)
{
	uint64_t key = key_of(images, m);
	struct py_symbols *copy = NULL;
	struct slot *slot;

	if (s->runtime || s->older) {
		copy = malloc(sizeof(*copy));
		if (!copy)
			return;
		*copy = *s;
	}
	if (images->count == PY_IMAGES_MAX)
		py_images_forget(images);
	slot = &images->slot[slot_of(images, key)];
	if (!slot->key)
		images->count++;
	free(slot->symbols);
	*slot = (struct slot){ .key = key, .symbols = copy };
}
