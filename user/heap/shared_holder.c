// SPDX-License-Identifier: Apache-2.0
#include "shared_holder.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../util/strbuf.h"
#include "path.h"
#include "typename.h"

#define OBJECTS_MAX 512	  /* looked at; more are of the same line */
#define DEPTH_MAX 100000u /* of a linked list */
#define STEPS_MAX (1u << 20) /* of all objects together */
#define SHARE 0.6	  /* of the objects that must share the holder */

/* How many of the objects each ancestor holds: a hash, by block. */
struct votes {
	uint32_t *block; /* owned: block + 1; 0 free */
	uint32_t *votes; /* owned */
	size_t slots;
};

static size_t slot_of(const struct votes *v, uint32_t block)
{
	size_t i = (block * 0x9e3779b97f4a7c15ULL >> 32) & (v->slots - 1);

	while (v->block[i] && v->block[i] != block + 1)
		i = (i + 1) & (v->slots - 1);
	return i;
}

/* How far the walk up is to go, and the same for all objects. */
static uint32_t parent_of(const struct reach *r, uint32_t block)
{
	uint32_t parent = reach_parent(r, block);

	return parent == PARENT_NONE || reach_is_root(parent) ? BLOCK_NONE : parent;
}

static void vote(struct votes *v, const struct reach *r, uint32_t block, unsigned *steps)
{
	uint32_t at = parent_of(r, block);

	for (unsigned depth = 0; at != BLOCK_NONE && depth < DEPTH_MAX && *steps < STEPS_MAX;
	     depth++, ++*steps) {
		size_t slot = slot_of(v, at);

		v->block[slot] = at + 1;
		v->votes[slot]++;
		at = parent_of(r, at);
	}
}

/* The nearest ancestor of @block with @least votes, that is an object; BLOCK_NONE. */
static uint32_t nearest(const struct votes *v, const struct reach *r, uint32_t block,
			uint32_t least)
{
	uint32_t at = parent_of(r, block);

	for (unsigned depth = 0; at != BLOCK_NONE && depth < DEPTH_MAX; depth++) {
		if (v->votes[slot_of(v, at)] >= least && reach_type(r, at) != TYPE_NONE)
			return at;
		at = parent_of(r, at);
	}
	return BLOCK_NONE;
}

static void name_own(struct shared_holder *h, struct reach *r, const uint32_t *block, size_t count)
{
	struct strbuf s;
	size_t written = 0;

	strbuf_init(&s, h->own, sizeof(h->own));
	for (size_t i = 0; i < count && written < 3; i++) {
		unsigned type = reach_type(r, block[i]);
		char name[96];
		size_t alike = 0;
		bool known = false;

		for (size_t k = 0; k < i && !known; k++)
			known = reach_type(r, block[k]) == type;
		if (known)
			continue;
		for (size_t k = i; k < count; k++)
			alike += reach_type(r, block[k]) == type;
		typename_write(r->types, type, name, sizeof(name));
		strbuf_addf(&s, "%s%s x%zu", written++ ? ", " : "", name, alike);
	}
}

static void take_chain(struct shared_holder *h, struct reach *r, uint32_t block)
{
	for (uint32_t at = block; at != BLOCK_NONE && h->links < SHARED_CHAIN;
	     at = parent_of(r, at))
		if (reach_type(r, at) != TYPE_NONE)
			h->chain[h->links++] = reach_type(r, at);
}

static void write_holder(struct shared_holder *h, struct reach *r, uint32_t block, uint32_t holder)
{
	unsigned type = reach_type(r, holder);
	uint32_t child = block;

	take_chain(h, r, block);
	typename_write(r->types, type, h->type, sizeof(h->type));
	while (parent_of(r, child) != holder && parent_of(r, child) != BLOCK_NONE)
		child = parent_of(r, child);
	/* A namespace is known by what it has: one object is called by its name. */
	if (h->reached == 1 && types_get(r->types, type)->kind == KIND_DICT && child != holder)
		path_write_slot(r, holder, reach_parent_edge(r, child), h->path, sizeof(h->path));
	else
		path_write(r, holder, h->path, sizeof(h->path));
}

/* Of the objects the first that has the holder which most share; where there is none, each hangs
 * from a root of its own, as a local variable does, and one is shown. */
static void name_holder(struct shared_holder *h, struct reach *r, const struct votes *v,
			const uint32_t *block, size_t count)
{
	uint32_t least = count > 1 ? (uint32_t)(SHARE * (double)h->reached + 0.999) : 1;
	uint32_t alone = BLOCK_NONE;

	for (size_t i = 0; i < count; i++) {
		uint32_t holder = nearest(v, r, block[i], least);

		if (holder != BLOCK_NONE) {
			write_holder(h, r, block[i], holder);
			return;
		}
		if (alone == BLOCK_NONE && reach_parent(r, block[i]) != PARENT_NONE)
			alone = block[i];
	}
	if (alone != BLOCK_NONE)
		write_holder(h, r, alone, alone);
}

int shared_holder_find(struct shared_holder *h, struct reach *r, const uint32_t *block,
		       size_t count)
{
	struct votes v = { .slots = 2 * STEPS_MAX };
	unsigned steps = 0;
	int rc = -ENOMEM;

	*h = (struct shared_holder){ 0 };
	name_own(h, r, block, count);
	if (count > OBJECTS_MAX)
		count = OBJECTS_MAX;
	v.block = calloc(v.slots, sizeof(*v.block));
	v.votes = calloc(v.slots, sizeof(*v.votes));
	if (v.block && v.votes) {
		for (size_t i = 0; i < count; i++) {
			h->reached += reach_parent(r, block[i]) != PARENT_NONE;
			vote(&v, r, block[i], &steps);
		}
		if (h->reached)
			name_holder(h, r, &v, block, count);
		rc = 0;
	}
	free(v.block);
	free(v.votes);
	return rc;
}
