// SPDX-License-Identifier: Apache-2.0
#include "frames.h"

#include <stdlib.h>
#include <string.h>

#include "../util/grow.h"

struct frames {
	struct frame *frame; /* owned; the first stands for what found no room */
	size_t count, cap, most;
	uint32_t *bucket; /* owned, twice @most: index of a frame; 0 free */
};

struct frames *frames_new(size_t most)
{
	struct frames *f = calloc(1, sizeof(*f));

	if (!f)
		return NULL;
	f->most = most;
	f->bucket = calloc(2 * most, sizeof(*f->bucket));
	if (!f->bucket || grow(&f->frame, &f->cap, 1, sizeof(*f->frame))) {
		frames_free(f);
		return NULL;
	}
	f->frame[f->count++] = (struct frame){ .function = "?" };
	return f;
}

void frames_free(struct frames *f)
{
	if (!f)
		return;
	free(f->frame);
	free(f->bucket);
	free(f);
}

static uint64_t hash_text(uint64_t hash, const char *text)
{
	for (; *text; text++)
		hash = (hash ^ (unsigned char)*text) * 0x100000001b3ULL;
	return hash;
}

static bool same(const struct frame *a, const struct frame *b)
{
	return a->line == b->line && a->native == b->native &&
	       strcmp(a->function, b->function) == 0 && strcmp(a->file, b->file) == 0;
}

bool frames_intern(struct frames *f, const struct frame *frame, uint32_t *index)
{
	uint64_t hash = 0xcbf29ce484222325ULL ^ (uint64_t)(unsigned)frame->line;
	size_t i;

	hash = hash_text(hash_text(hash, frame->function), frame->file);
	for (i = (hash ^ hash >> 32) & (2 * f->most - 1); f->bucket[i];
	     i = (i + 1) & (2 * f->most - 1)) {
		*index = f->bucket[i];
		if (same(&f->frame[*index], frame))
			return true;
	}
	*index = 0;
	if (f->count == f->most || grow(&f->frame, &f->cap, f->count + 1, sizeof(*f->frame)))
		return false;
	*index = f->bucket[i] = (uint32_t)f->count;
	f->frame[f->count++] = *frame;
	return true;
}

struct frame *frames_all(struct frames *f, size_t *count)
{
	*count = f->count;
	return f->frame;
}
