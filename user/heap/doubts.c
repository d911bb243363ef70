// SPDX-License-Identifier: Apache-2.0
#include "doubts.h"

#include <errno.h>
#include <stdlib.h>

#include "fingerprint.h"
#include "late.h"
#include "pointers.h"

struct doubts {
	struct reach *r;
	uint32_t *words; /* owned: to each object, found where references were counted */
	void (*fn)(void *arg, size_t number);
	void *arg;
};

enum word {
	WORD_STALE,   /* holds nothing */
	WORD_COUNTED, /* in what references were counted of, if it was there then */
	WORD_HOLDS,   /* a reference that was not counted, or may be one */
};

/*
 * What is the word at @at, which points to a candidate? In a free block it is stale, and in an
 * unreached one it was counted, unless somebody got the block since the walk. A weak reference
 * holds nothing.
 */
static enum word judge_word(struct reach *r, uint64_t at)
{
	const struct blocks *b = &r->history->now;
	uint32_t block = blocks_find(b, at, NULL, NULL);
	bool is_weak;

	if (block == BLOCK_NONE) {
		const struct span *span = spans_find(r->spans, at);

		/* malloc's free memory */
		return !span || span->kind == SPAN_BRK ? WORD_STALE : WORD_HOLDS;
	}
	if (!b->print[block])
		return late_find(r, at) == BLOCK_NONE ? WORD_STALE : WORD_HOLDS;
	is_weak = types_get(r->types, b->type[block])->kind == KIND_WEAKREF;
	if (parents_reached(&r->parents, block))
		return is_weak ? WORD_STALE : WORD_HOLDS;
	if (b->type[block] != TYPE_NONE && !fingerprint_holds(r, block))
		return WORD_HOLDS;
	return is_weak ? WORD_STALE : WORD_COUNTED;
}

static void judge(void *arg, size_t number, uint64_t at)
{
	const struct doubts *d = arg;
	enum word word = judge_word(d->r, at);

	d->words[number] += word == WORD_COUNTED;
	if (word == WORD_HOLDS)
		d->fn(d->arg, number);
}

int doubts_find(struct reach *r, const uint64_t *addr, const uint32_t *counted, size_t count,
		void (*fn)(void *arg, size_t number), void *arg)
{
	struct doubts d = { r, calloc(count + 1, sizeof(*d.words)), fn, arg };
	int err;

	if (!d.words)
		return -ENOMEM;
	err = pointers_find(r->stream, r->spans, addr, count, judge, &d);
	for (size_t i = 0; i < count; i++)
		if (err == -E2BIG || d.words[i] > counted[i])
			fn(arg, i);
	free(d.words);
	return err == -E2BIG ? 0 : err;
}
