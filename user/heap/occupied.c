// SPDX-License-Identifier: Apache-2.0
#include "occupied.h"

#include <errno.h>
#include <stdlib.h>

int occupied_take(struct occupied *o, const struct blocks *b)
{
	*o = (struct occupied){ 0 };
	o->extent = calloc(b->extents + 1, sizeof(*o->extent));
	o->bit = calloc(b->count / 8 + 1, 1);
	if (!o->extent || !o->bit) {
		occupied_release(o);
		return -ENOMEM;
	}
	for (size_t i = 0; i < b->extents; i++)
		if (b->extent[i].kind == EXTENT_POOL)
			o->extent[o->extents++] = b->extent[i];
	for (uint32_t i = 0; i < b->count; i++)
		if (b->print[i])
			o->bit[i / 8] |= (uint8_t)(1 << i % 8);
	return 0;
}

void occupied_release(struct occupied *o)
{
	free(o->extent);
	free(o->bit);
	*o = (struct occupied){ 0 };
}

bool occupied_at(const struct occupied *o, uint64_t address)
{
	size_t low = 0, high = o->extents;
	const struct extent *x;
	uint64_t index;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (o->extent[middle].addr <= address)
			low = middle + 1;
		else
			high = middle;
	}
	if (!low)
		return false;
	x = &o->extent[low - 1];
	index = (address - x->addr) / x->size;
	if (index >= x->count)
		return false;
	index += x->first;
	return o->bit[index / 8] >> index % 8 & 1;
}

void occupied_since(const struct occupied *o, const struct blocks *b,
		    void (*fn)(void *arg, uint64_t address), void *arg)
{
	for (size_t i = 0; i < b->extents; i++) {
		const struct extent *x = &b->extent[i];

		for (unsigned k = 0; x->kind == EXTENT_POOL && k < x->count; k++) {
			uint64_t address = x->addr + k * x->size;

			if (b->print[x->first + k] && !occupied_at(o, address))
				fn(arg, address);
		}
	}
}
