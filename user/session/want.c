// SPDX-License-Identifier: Apache-2.0
#include "want.h"

#include <errno.h>
#include <stdlib.h>

#include "../heap/refcounts.h"

#define LOST_LEAST 20     /* objects */
#define LOST_MOST 200000 /* that nothing leads to: to look at more takes seconds */
#define BYTES_LEAST 0.1 /* of what the kind with most has: less is not worth a register */

/* New objects of a type. */
struct newborn {
	uint64_t bytes;
	uint32_t seen, example; /* one of them, each with the same chance */
};

static int most_first(const void *a, const void *b)
{
	const struct newborn *x = a, *y = b;

	return (x->bytes < y->bytes) - (x->bytes > y->bytes);
}

static bool is_pool(const struct extent *x)
{
	return x->kind == EXTENT_POOL;
}

static void add(struct newborn *one, uint32_t block, uint64_t size)
{
	one->bytes += size;
	if ((uint32_t)random() % ++one->seen == 0)
		one->example = block;
}

static void count(const struct heap *heap, struct newborn *newborn)
{
	const struct blocks *b = &heap->history.now;

	for (size_t i = 0; i < b->extents; i++) {
		const struct extent *x = &b->extent[i];

		for (uint32_t n = x->first; n < x->first + x->count && is_pool(x); n++)
			if (b->type[n] != TYPE_NONE && b->print[n] != PRINT_FREE &&
			    (b->birth[n] & BIRTH_WALK) == heap->history.walks)
				add(&newborn[b->type[n]], n, x->size);
	}
}

/* Free lists are of some of CPython's own types only; of which changes from version to version. */
static enum window_word word_for(const struct py_type *type, uint64_t in_front)
{
	const uint64_t never =
		PY_TPFLAGS_HEAPTYPE | PY_TPFLAGS_UNICODE_SUBCLASS | PY_TPFLAGS_BYTES_SUBCLASS;

	if (type->flags & never)
		return WINDOW_WORD_TYPE;
	return type->flags & PY_TPFLAGS_HAVE_GC && in_front >= BLOCK_COLLECTOR_HEADER
		       ? WINDOW_WORD_LINK
		       : WINDOW_WORD_COUNT;
}

/* False where the block is none of pymalloc's, or no object is in it any more. */
static bool describe(const struct heap *heap, uint32_t block, struct block_kind *kind)
{
	const struct py_layout *l = &heap->rt->layout;
	struct object o;

	reach_object(&heap->reach, block, &o);
	if (!o.type || o.size > POOL_BLOCK_MOST)
		return false;
	*kind = (struct block_kind){ .type = o.type->address,
				     .size = (uint32_t)o.size,
				     .offset = (uint32_t)(o.addr - o.start),
				     .word = word_for(o.type, o.addr - o.start),
				     .pool = o.start & ~(uint64_t)(l->facts.pool_size - 1) };
	return true;
}

/* Types of which references are lost: nothing else can say who made such objects. */
static int want_lost(struct heap *heap, struct block_kind *kind, unsigned *kinds)
{
	uint64_t unreached = heap->holders.unreached_objects;
	struct refcounts lost;
	int err;

	if (unreached < LOST_LEAST || unreached > LOST_MOST)
		return 0;
	err = refcounts_take(&lost, &heap->reach);
	for (size_t i = 0; !err && i < lost.count && *kinds < BLOCK_KINDS_MAX; i++) {
		const struct refcount_row *row = &lost.row[i];
		uint32_t block = BLOCK_NONE;

		if (row->newborn_sure >= LOST_LEAST)
			block = blocks_find(&heap->history.now, row->example[0], NULL, NULL);
		if (block != BLOCK_NONE)
			*kinds += describe(heap, block, &kind[*kinds]);
	}
	refcounts_release(&lost);
	return err == -ENOMEM ? err : 0;
}

static int want_new(struct heap *heap, struct block_kind *kind, unsigned *kinds)
{
	struct newborn *newborn = calloc(TYPES_MAX + 1, sizeof(*newborn));

	if (!newborn)
		return -ENOMEM;
	count(heap, newborn);
	qsort(newborn, TYPES_MAX + 1, sizeof(*newborn), most_first);
	for (unsigned i = 0; i < BLOCK_KINDS_MAX && newborn[i].bytes; i++)
		if ((double)newborn[i].bytes >= BYTES_LEAST * (double)newborn[0].bytes)
			*kinds += describe(heap, newborn[i].example, &kind[*kinds]);
	free(newborn);
	return 0;
}

int want_growing(struct sampling *sampling, struct heap *heap)
{
	struct block_kind kind[BLOCK_KINDS_MAX];
	unsigned kinds = 0;
	bool lost;
	int err;

	if (!sampling_wants(sampling))
		return 0;
	err = want_lost(heap, kind, &kinds);
	lost = kinds > 0;
	if (!err && !lost)
		err = want_new(heap, kind, &kinds);
	if (!err)
		sampling_want(sampling, kind, kinds, lost);
	return err;
}
