// SPDX-License-Identifier: Apache-2.0
#include "modules.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../target/debug_file.h"
#include "../target/open_image.h"

int modules_init(struct modules *m, const struct process *p)
{
	*m = (struct modules){ .process = p };
	m->module = calloc(MODULES_MAX, sizeof(*m->module));
	if (!m->module)
		return -ENOMEM;
	return maps_read(&m->maps, p->pid);
}

static void forget(struct modules *m)
{
	for (size_t i = 0; i < m->count; i++) {
		functions_free(m->module[i].functions);
		image_close(m->module[i].image);
		free((char *)m->module[i].path);
	}
	m->count = 0;
}

void modules_release(struct modules *m)
{
	forget(m);
	free(m->module);
	maps_release(&m->maps);
	*m = (struct modules){ 0 };
}

static bool is_code(const struct map *map)
{
	return map->prot & MAP_X;
}

/* The next mapping of code at or behind @i. */
static size_t next_code(const struct maps *maps, size_t i)
{
	while (i < maps->count && !is_code(&maps->map[i]))
		i++;
	return i;
}

/* Is the code the same, at the same addresses? Data may come and go. */
static bool same_code(const struct maps *a, const struct maps *b)
{
	size_t i = next_code(a, 0), j = next_code(b, 0);

	while (i < a->count && j < b->count) {
		const struct map *x = &a->map[i], *y = &b->map[j];

		if (x->start != y->start || x->end != y->end || x->offset != y->offset ||
		    x->inode != y->inode || x->dev != y->dev)
			return false;
		i = next_code(a, i + 1);
		j = next_code(b, j + 1);
	}
	return i == a->count && j == b->count;
}

void modules_refresh(struct modules *m)
{
	struct maps fresh;

	if (maps_read(&fresh, m->process->pid) || !fresh.count) {
		maps_release(&fresh);
		return;
	}
	if (!same_code(&m->maps, &fresh)) {
		forget(m);
		m->generation++;
	}
	maps_release(&m->maps);
	m->maps = fresh;
}

/* The first mapping of the file mapped at @map: mappings of one load follow one another. */
static uint64_t first_mapping(const struct maps *maps, const struct map *map)
{
	const struct map *first = map;

	for (const struct map *at = map; at-- > maps->map;) {
		if (at->inode == map->inode && at->dev == map->dev && at->offset <= first->offset)
			first = at;
		else if (at->inode)
			break;
	}
	return first->start;
}

static struct module *add_module(struct modules *m, const struct map *map, uint64_t first)
{
	struct module *added = &m->module[m->count];
	struct err e = { 0 };

	*added = (struct module){
		.path = strdup(map->path), .inode = map->inode, .dev = map->dev, .first = first
	};
	if (!added->path)
		return NULL;
	m->count++;
	if (image_open_target(&added->image, m->process, map, &e))
		return added;
	if (image_bias(added->image, map->start, map->offset, &added->bias)) {
		image_close(added->image);
		added->image = NULL;
	}
	return added;
}

struct module *modules_find(struct modules *m, uint64_t address, bool *executable)
{
	const struct map *map = maps_find(&m->maps, address);
	uint64_t first;

	*executable = map && is_code(map);
	if (!*executable || !map->inode)
		return NULL;
	first = first_mapping(&m->maps, map);
	for (size_t i = 0; i < m->count; i++) {
		struct module *at = &m->module[i];

		if (at->inode == map->inode && at->dev == map->dev && at->first == first)
			return at;
	}
	return m->count < MODULES_MAX ? add_module(m, map, first) : NULL;
}

/* Names of an image; those of its debug file too where it was stripped. */
static struct functions *read_functions(struct modules *m, const struct image *img)
{
	struct functions *functions = functions_new();
	struct image *debug;
	struct err e = { 0 };

	if (!functions)
		return NULL;
	functions_add(functions, img);
	if (!image_has_symtab(img) && image_open_debug(&debug, m->process, img, &e) == 0) {
		functions_add(functions, debug);
		image_close(debug);
	}
	return functions;
}

int module_function(struct modules *m, struct module *at, uint64_t address, struct function *out)
{
	uint64_t start, end, vaddr = address - at->bias;

	if (!at->image)
		return -ENOENT;
	if (!at->functions)
		at->functions = read_functions(m, at->image);
	if (!at->functions)
		return -ENOENT;
	if (cfi_function(at->image, vaddr, &start, &end))
		start = 0;
	return functions_find(at->functions, vaddr, start, out);
}
