// SPDX-License-Identifier: Apache-2.0
#include "resource_owners.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "../heap/path.h"
#include "../heap/shared_holder.h"
#include "../heap/typename.h"
#include "../util/strbuf.h"
#include "thread_objects.h"

/* Of what has the number @i in v->row_of. */
static uint32_t owner_of(const struct resource_owners *o, const struct resource_view *v, size_t i)
{
	if (i < v->descriptors.count)
		return owners_of(&o->objects, (uint64_t)v->descriptors.descriptor[i].fd);
	i -= v->descriptors.count;
	if (i < v->maps.count)
		return owners_of(&o->objects, v->maps.map[i].start);
	return owners_of(&o->threads, (uint64_t)v->own_tid[i - v->maps.count]);
}

int resource_owners_find(struct resource_owners *o, struct heap *heap, struct resource_view *v)
{
	int rc = owners_find(&o->objects, &heap->reach, &v->descriptors, &v->maps);

	if (!rc)
		rc = thread_objects_find(&o->threads, heap, v);
	if (rc)
		return rc;
	v->owner_type = calloc(v->descriptors.count + 1, sizeof(*v->owner_type));
	if (!v->owner_type)
		return -ENOMEM;
	for (size_t i = 0; i < v->descriptors.count; i++) {
		uint32_t block = owner_of(o, v, i);

		if (block != BLOCK_NONE)
			v->owner_type[i] = reach_type(&heap->reach, block);
	}
	return 0;
}

void resource_owners_release(struct resource_owners *o)
{
	owners_release(&o->objects);
	owners_release(&o->threads);
}

/* Names of the types on the way from an object to its root, one behind another. */
static void write_chain(const struct shared_holder *h, const struct types *types, char *buf,
			size_t cap)
{
	struct strbuf s;
	char name[96];

	strbuf_init(&s, buf, cap);
	for (unsigned i = 0; i < h->links; i++) {
		typename_write(types, h->chain[i], name, sizeof(name));
		strbuf_addf(&s, " %s", name);
	}
}

static int name_row(struct resource_row *row, struct heap *heap, const uint32_t *block,
		    size_t count)
{
	struct candidate *c = &row->about;
	struct shared_holder holder;
	char chain[1024];
	int rc = shared_holder_find(&holder, &heap->reach, block, count);

	if (rc)
		return rc;
	snprintf(c->content, sizeof(c->content), "%.159s", holder.own);
	snprintf(c->held_by, sizeof(c->held_by), "%s", holder.path);
	snprintf(c->type, sizeof(c->type), "%s", holder.type);
	write_chain(&holder, &heap->types, chain, sizeof(chain));
	snprintf(row->chain, sizeof(row->chain), "%.511s", chain);
	return 0;
}

/* Blocks of the owners of what is in row @wanted, as @row_of numbers rows. */
static size_t take_owners(const struct resource_owners *o, const struct resource_view *v,
			  int32_t wanted, uint32_t *block)
{
	size_t count = 0;

	for (size_t i = 0; i < resource_view_count(v); i++) {
		uint32_t owner = v->row_of[i] == wanted ? owner_of(o, v, i) : BLOCK_NONE;

		if (owner != BLOCK_NONE)
			block[count++] = owner;
	}
	return count;
}

static int name_rows(struct resource_rows *rows, bool seen, const struct resource_owners *o,
		     struct heap *heap, const struct resource_view *v)
{
	uint32_t *block = calloc(resource_view_count(v) + 1, sizeof(*block));
	int rc = block ? 0 : -ENOMEM;

	for (size_t i = 0; i < rows->count && !rc; i++) {
		size_t count = take_owners(o, v, seen ? (int32_t)i : -1 - (int32_t)i, block);

		if (count)
			rc = name_row(&rows->row[i], heap, block, count);
	}
	free(block);
	return rc;
}

static void name_threads(struct resources *r, const struct resource_owners *o, struct heap *heap,
			 const struct resource_view *v)
{
	for (size_t i = 0; i < r->threads; i++) {
		uint32_t block = owners_of(&o->threads, (uint64_t)v->own_tid[i]);

		if (block != BLOCK_NONE && reach_parent(&heap->reach, block) != PARENT_NONE)
			path_write(&heap->reach, block, r->thread[i].held_by,
				   sizeof(r->thread[i].held_by));
	}
}

int resource_owners_name(struct resources *r, const struct resource_owners *o, struct heap *heap,
			 const struct resource_view *v)
{
	int rc = name_rows(&r->seen, true, o, heap, v);

	name_threads(r, o, heap, v);
	return rc ? rc : name_rows(&r->unseen, false, o, heap, v);
}
