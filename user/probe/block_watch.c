// SPDX-License-Identifier: Apache-2.0
#include "block_watch.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../cpython/usedpools.h"

/* struct pool_header, as heap/pymalloc.h draws it. */
#define POOL_HEADER 48
#define POOL_FREEBLOCK 8
#define POOL_CLASS 36
#define POOL_CARVED 40 /* offset of the first block that was never used */

#define DEPTH_FIRST 16
#define DEPTH_MOST 256
#define WRITES_MANY 40 /* in one turn: what comes and goes takes the block too */

void block_watch_init(struct block_watch *b, const struct process *p, const struct py_layout *l,
		      int program, int blocks)
{
	*b = (struct block_watch){ .process = p,
				   .pool_size = l->facts.pool_size,
				   .ob_type = l->ob_type,
				   .ob_refcnt = l->ob_refcnt,
				   .program = program,
				   .blocks = blocks };
	remote_init(&b->mem, p->pid);
}

void block_watch_want(struct block_watch *b, const struct block_kind *kind, unsigned count)
{
	b->kinds = count < BLOCK_KINDS_MAX ? count : BLOCK_KINDS_MAX;
	memcpy(b->kind, kind, b->kinds * sizeof(*kind));
	memset(b->list, 0, sizeof(b->list));
	for (unsigned i = 0; i < BLOCK_KINDS_MAX; i++)
		b->depth[i] = DEPTH_FIRST;
}

static uint64_t word_at(const struct block_watch *b, uint32_t offset)
{
	uint64_t word;

	memcpy(&word, b->bytes + offset, sizeof(word));
	return word;
}

/* Into b->bytes; false where it is no pool of blocks of that size. */
static bool read_pool(struct block_watch *b, uint64_t pool, uint32_t size)
{
	uint32_t class;

	if (!pool || pool & (b->pool_size - 1) || b->pool_size > sizeof(b->bytes) ||
	    remote_read(&b->mem, pool, b->bytes, b->pool_size))
		return false;
	memcpy(&class, b->bytes + POOL_CLASS, sizeof(class));
	return (uint64_t)(class + 1) * POOL_ALIGNMENT == size;
}

/* The first pool with room hands out blocks now. */
static bool read_first_pool(struct block_watch *b, unsigned which, uint64_t *pool)
{
	if (!b->list[which])
		b->list[which] = usedpools_entry(&b->mem, b->kind[which].pool, b->pool_size);
	return b->list[which] && remote_u64(&b->mem, b->list[which] + POOL_NEXT, pool) &&
	       read_pool(b, *pool, b->kind[which].size);
}

/* A block of the pool in b->bytes that is free now, at most @depth on its list; 0: none. */
static uint64_t choose_block(const struct block_watch *b, uint64_t pool, uint32_t size,
			     uint32_t depth)
{
	uint32_t steps = (uint32_t)random() % depth, carved;
	uint64_t at = word_at(b, POOL_FREEBLOCK), last = 0;

	for (; at - pool >= POOL_HEADER && at - pool <= b->pool_size - size; steps--) {
		last = at;
		if (!steps)
			return at;
		at = word_at(b, (uint32_t)(at - pool));
	}
	memcpy(&carved, b->bytes + POOL_CARVED, sizeof(carved));
	at = carved + (uint64_t)steps * size;
	return at >= POOL_HEADER && at <= b->pool_size - size ? pool + at : last;
}

static uint64_t watched_word(const struct block_watch *b, const struct block_kind *kind,
			     uint64_t block)
{
	uint64_t object = block + kind->offset;

	return kind->word == WINDOW_WORD_LINK  ? object - BLOCK_COLLECTOR_HEADER
	       : kind->word == WINDOW_WORD_TYPE ? object + b->ob_type
						: object + b->ob_refcnt;
}

static int describe(struct block_watch *b, unsigned slot, const struct block_kind *kind,
		    uint64_t block)
{
	uint64_t object = block + kind->offset, last = 0;
	struct window_watched w = { .block = block,
				    .size = kind->size,
				    .type_at = object + b->ob_type,
				    .type = kind->type,
				    .count_at = object + b->ob_refcnt,
				    .kind = kind->word,
				    .word = watched_word(b, kind, block) };

	if (!remote_u64(&b->mem, w.word, &last))
		return -EFAULT;
	w.last = last;
	return bpf_map_update_elem(b->blocks, &slot, &w, BPF_ANY);
}

static bool is_armed(const struct block_watch *b, uint64_t word)
{
	for (unsigned i = 0; i < b->armed; i++)
		if (b->slot[i].address == word)
			return true;
	return false;
}

/* Watch a block for the kind in the next slot. 0, also where there is none, or -errno. */
static int arm_kind(struct block_watch *b, unsigned which, size_t threads, unsigned hits)
{
	const struct block_kind *kind = &b->kind[which];
	struct slot *s = &b->slot[b->armed];
	uint64_t pool, block, word;
	int rc;

	if (!read_first_pool(b, which, &pool))
		return 0;
	block = choose_block(b, pool, kind->size, b->depth[which]);
	word = watched_word(b, kind, block);
	if (!block || is_armed(b, word))
		return 0;
	rc = slot_open(s,
		       &(struct slot){ .address = word, .max_hits = hits, .program = b->program },
		       b->tids, threads);
	if (rc)
		return rc;
	rc = describe(b, b->armed, kind, block);
	if (rc) {
		slot_close(s);
		return rc;
	}
	slot_start(s);
	b->kind_of[b->armed++] = which;
	return 0;
}

int block_watch_arm(struct block_watch *b, unsigned count, unsigned hits)
{
	ssize_t threads = process_threads(b->process, b->tids, SLOT_THREADS_MAX);
	int rc = 0;

	block_watch_disarm(b);
	b->hits = hits;
	if (threads < 0)
		return (int)threads;
	if (threads > SLOT_THREADS_MAX)
		threads = SLOT_THREADS_MAX;
	for (unsigned i = 0; i < WATCH_SLOTS && b->armed < count && b->kinds && !rc; i++)
		rc = arm_kind(b, b->next++ % b->kinds, (size_t)threads, hits);
	return b->armed ? 0 : rc;
}

void block_watch_limit(struct block_watch *b)
{
	struct window_watched w;

	for (unsigned i = 0; i < b->armed; i++)
		if (b->slot[i].count && !bpf_map_lookup_elem(b->blocks, &i, &w) &&
		    w.writes >= b->hits)
			slot_stop(&b->slot[i]);
}

void block_watch_spoilt(const struct block_watch *b, void (*fn)(void *arg, uint64_t block),
			void *arg)
{
	struct window_watched w;

	for (unsigned i = 0; i < b->armed; i++)
		if (!bpf_map_lookup_elem(b->blocks, &i, &w) && w.writes >= b->hits)
			fn(arg, w.block);
}

/* Deeper where the block came and went, less deep where nobody came so far. */
static void learn(struct block_watch *b, unsigned slot)
{
	uint32_t *depth = &b->depth[b->kind_of[slot]];
	struct window_watched w;

	if (bpf_map_lookup_elem(b->blocks, &slot, &w))
		return;
	if (w.writes > WRITES_MANY && *depth < DEPTH_MOST)
		*depth *= 2;
	else if (!w.writes && *depth > 1)
		*depth -= (*depth + 3) / 4;
}

void block_watch_disarm(struct block_watch *b)
{
	const struct window_watched none = { 0 };

	for (unsigned i = 0; i < b->armed; i++) {
		slot_close(&b->slot[i]);
		learn(b, i);
		bpf_map_update_elem(b->blocks, &i, &none, BPF_ANY);
	}
	b->armed = 0;
}
