// SPDX-License-Identifier: Apache-2.0
#include "heap.h"

#include "../cpython/usedpools.h"
#include "pymalloc.h"

#define POOLS_TRIED 1000 /* links change while they are read */

int heap_open(struct heap *h, const struct py_runtime *rt, struct remote *mem)
{
	int err;

	*h = (struct heap){ .rt = rt, .mem = mem };
	h->present_err = present_open(&h->present, mem->pid);
	if (h->present_err)
		h->present = NULL;
	err = types_init(&h->types, rt, mem);
	if (!err)
		err = stream_init(&h->stream, mem, h->present);
	if (!err)
		err = reader_init(&h->reader, mem, h->present);
	glibc_find(&h->glibc, mem->pid, mem);
	h->reach = (struct reach){ .rt = rt,
				   .mem = mem,
				   .reader = &h->reader,
				   .stream = &h->stream,
				   .types = &h->types,
				   .history = &h->history,
				   .spans = &h->spans };
	return err;
}

void heap_close(struct heap *h)
{
	holders_release(&h->holders);
	reach_release(&h->reach);
	history_release(&h->history);
	spans_release(&h->spans);
	reader_release(&h->reader);
	stream_release(&h->stream);
	types_release(&h->types);
	present_close(h->present);
	*h = (struct heap){ 0 };
}

int heap_walk(struct heap *h, double seconds)
{
	int err;

	holders_release(&h->holders);
	reach_release(&h->reach); /* its numbers are those of the table that goes now */
	spans_release(&h->spans);
	err = spans_read(&h->spans, h->mem);
	if (err)
		return err;
	return history_walk(&h->history, &h->types, &h->stream, &h->spans, &h->glibc, seconds);
}

uint64_t heap_usedpools(const struct heap *h)
{
	const struct blocks *b = &h->history.now;
	uint64_t found = 0;

	for (size_t i = 0, tried = 0; i < b->extents && tried < POOLS_TRIED && !found; i++) {
		const struct extent *x = &b->extent[i];

		if (x->kind != EXTENT_POOL)
			continue;
		tried++;
		found = usedpools_find(h->mem, x->addr - POOL_HEADER, (uint32_t)x->size,
				       h->rt->layout.facts.pool_size);
	}
	return found;
}

int heap_reach(struct heap *h, bool all)
{
	holders_release(&h->holders);
	reach_release(&h->reach);
	h->reach.keep_all = all;
	return reach_run(&h->reach);
}

int heap_search(struct heap *h)
{
	int err = heap_reach(h, false);

	return err ? err : holders_find(&h->holders, &h->reach);
}
