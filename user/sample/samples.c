// SPDX-License-Identifier: Apache-2.0
#include "samples.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../util/clock.h"
#include "../util/grow.h"
#include "frames.h"

#define REFRESH_NS 200000000ULL
#define STACK_BUCKETS (2 * SAMPLES_STACKS_MAX) /* a power of two */

struct samples {
	struct windows_maps maps;
	struct native *native;	   /* borrowed */
	struct pyframes *pyframes; /* borrowed */
	struct ring_buffer *ring;  /* owned */
	struct frames *frames;	   /* owned */
	struct sample *sample;	   /* owned */
	size_t count, cap;
	struct sampled_stack *stack; /* owned */
	size_t stacks, stack_cap;
	uint32_t *bucket;      /* owned, STACK_BUCKETS: 1 + index of a stack; 0 free */
	struct stack merged;   /* of the sample at hand */
	uint64_t refreshed_ns; /* when code of the target was last looked for */
	struct samples_loss loss;
};

static uint64_t hash_stack(const struct sampled_stack *s)
{
	uint64_t hash = s->depth;

	for (uint32_t i = 0; i < s->depth; i++)
		hash = (hash ^ s->at[i]) * 0xff51afd7ed558ccdULL;
	return hash ^ hash >> 32;
}

static bool same_stack(const struct sampled_stack *a, const struct sampled_stack *b)
{
	return a->depth == b->depth && memcmp(a->at, b->at, a->depth * sizeof(*a->at)) == 0;
}

/* The number of that stack; false where there is no room for it. */
static bool intern(struct samples *s, const struct sampled_stack *wanted, uint32_t *index)
{
	uint64_t i = hash_stack(wanted) & (STACK_BUCKETS - 1);

	for (; s->bucket[i]; i = (i + 1) & (STACK_BUCKETS - 1)) {
		*index = s->bucket[i] - 1;
		if (same_stack(&s->stack[*index], wanted))
			return true;
	}
	if (s->stacks == SAMPLES_STACKS_MAX ||
	    grow(&s->stack, &s->stack_cap, s->stacks + 1, sizeof(*s->stack)))
		return false;
	*index = (uint32_t)s->stacks;
	s->stack[s->stacks++] = *wanted;
	s->bucket[i] = (uint32_t)s->stacks;
	return true;
}

/* How many of the innermost frames are malloc's own, which called mmap. */
static uint32_t own_frames(const struct stack *merged)
{
	uint32_t own = 0;

	while (own < merged->depth && merged->frame[own].native &&
	       strcmp(merged->frame[own].file, merged->frame[0].file) == 0)
		own++;
	return own;
}

/* Both stacks in one, from who called the allocator, each frame by its number. */
static bool take_stacks(struct samples *s, const struct window_sample *event, uint32_t *index)
{
	struct sampled_stack stack = { 0 };
	uint32_t own;

	native_merge(s->native, &event->stacks, s->pyframes, &s->merged);
	own = event->source == ACCOUNT_MMAP ? own_frames(&s->merged) : 0;
	stack.depth = s->merged.depth - own;
	stack.truncated = s->merged.truncated;
	s->loss.truncated += stack.truncated;
	for (uint32_t i = 0; i < stack.depth; i++)
		frames_intern(s->frames, &s->merged.frame[own + i], &stack.at[i]);
	return intern(s, &stack, index);
}

/* Called by libbpf for each record, which is trusted no further than its bounds. */
static int take_sample(void *arg, void *data, size_t size)
{
	struct samples *s = arg;
	const struct window_sample *event = data;
	struct sample *one;
	uint32_t stack;

	if (size < sizeof(*event) || !event->chance)
		return 0;
	if (s->count == SAMPLES_MAX ||
	    grow(&s->sample, &s->cap, s->count + 1, sizeof(*s->sample))) {
		s->loss.samples_full++;
		return 0;
	}
	if (!take_stacks(s, event, &stack)) {
		s->loss.stacks_full++;
		return 0;
	}
	one = &s->sample[s->count++];
	*one = (struct sample){ .address = event->stacks.cookie,
				.time_ns = event->stacks.time_ns,
				.size = event->size,
				.weight = (double)WINDOW_CERTAIN / (double)event->chance,
				.source = event->source,
				.stack = stack };
	return 0;
}

int samples_open(struct samples **out, struct windows *w, struct native *native,
		 struct pyframes *frames)
{
	struct samples *s = calloc(1, sizeof(*s));
	int rc;

	*out = NULL;
	if (!s)
		return -ENOMEM;
	s->maps = windows_maps(w);
	s->native = native;
	s->pyframes = frames;
	s->bucket = calloc(STACK_BUCKETS, sizeof(*s->bucket));
	s->frames = frames_new(SAMPLES_FRAMES_MAX);
	s->ring = ring_buffer__new(s->maps.samples, take_sample, s, NULL);
	if (!s->bucket || !s->frames || !s->ring) {
		rc = s->ring ? -ENOMEM : -errno;
		samples_close(s);
		return rc;
	}
	*out = s;
	return 0;
}

void samples_close(struct samples *s)
{
	if (!s)
		return;
	ring_buffer__free(s->ring);
	frames_free(s->frames);
	free(s->sample);
	free(s->stack);
	free(s->bucket);
	free(s);
}

static bool toss(void *arg, const struct sample *one)
{
	(void)arg;
	(void)one;
	return random() & 1;
}

/* Leave out each with the same chance and let the others count twice: still a fair sample. */
static void thin(struct samples *s)
{
	samples_filter(s, toss, NULL);
	for (size_t i = 0; i < s->count; i++)
		s->sample[i].weight *= 2;
}

int samples_drain(struct samples *s)
{
	uint64_t now = clock_ns();

	if (now - s->refreshed_ns > REFRESH_NS) {
		native_refresh(s->native);
		s->refreshed_ns = now;
	}
	if (s->count > SAMPLES_MAX / 4 * 3)
		thin(s);
	return ring_buffer__consume(s->ring);
}

static bool is_current(const struct samples *s, const struct sample *one)
{
	struct window_block block;

	return bpf_map_lookup_elem(s->maps.sampled, &one->address, &block) == 0 &&
	       block.time_ns == one->time_ns;
}

int samples_settle(struct samples *s)
{
	size_t kept = 0;
	int rc = samples_drain(s);

	for (size_t i = 0; i < s->count; i++)
		if (is_current(s, &s->sample[i]))
			s->sample[kept++] = s->sample[i];
	s->count = kept;
	return rc < 0 ? rc : 0;
}

static void mark(struct sample *one, struct remote *mem)
{
	uint64_t size = one->size && one->size < sizeof(one->word) ? one->size : sizeof(one->word);

	one->marked = true;
	size &= ~(sizeof(*one->word) - 1);
	if (size && remote_read(mem, one->address, one->word, size) == 0)
		one->words = (uint8_t)(size / sizeof(*one->word));
}

void samples_mark(struct samples *s, uint32_t source, struct remote *mem)
{
	for (size_t i = 0; i < s->count; i++)
		if (!s->sample[i].marked && s->sample[i].source == source)
			mark(&s->sample[i], mem);
}

void samples_settle_marked(struct samples *s, uint32_t source, uint64_t stayed_ns,
			   struct remote *mem)
{
	uint64_t now = clock_ns();
	size_t kept = 0;

	samples_drain(s);
	for (size_t i = 0; i < s->count; i++) {
		struct sample *one = &s->sample[i];

		if (!one->marked && one->source == source) {
			mark(one, mem);
			if (!is_current(s, one) || now - one->time_ns < stayed_ns)
				continue;
		}
		if (kept++ != i)
			s->sample[kept - 1] = *one;
	}
	s->count = kept;
}

void samples_filter(struct samples *s, bool (*keep)(void *arg, const struct sample *one), void *arg)
{
	size_t kept = 0;

	for (size_t i = 0; i < s->count; i++) {
		if (keep(arg, &s->sample[i]))
			s->sample[kept++] = s->sample[i];
		else if (is_current(s, &s->sample[i]))
			bpf_map_delete_elem(s->maps.sampled, &s->sample[i].address);
	}
	s->count = kept;
}

const struct sample *samples_all(const struct samples *s, size_t *count)
{
	*count = s->count;
	return s->sample;
}

void samples_stack(const struct samples *s, uint32_t stack, struct stack *out)
{
	const struct sampled_stack *from = &s->stack[stack];
	const struct frame *frame;
	size_t frames;

	frame = frames_all(s->frames, &frames);
	memset(out, 0, sizeof(*out));
	out->depth = from->depth;
	out->truncated = from->truncated;
	for (uint32_t i = 0; i < from->depth; i++)
		out->frame[i] = frame[from->at[i]];
}

const struct frame *samples_innermost(const struct samples *s, uint32_t stack, bool native)
{
	const struct sampled_stack *from = &s->stack[stack];
	const struct frame *frame;
	size_t frames;

	frame = frames_all(s->frames, &frames);
	for (uint32_t i = 0; i < from->depth; i++)
		if (frame[from->at[i]].native == native)
			return &frame[from->at[i]];
	return NULL;
}

void samples_loss(const struct samples *s, struct samples_loss *out)
{
	*out = s->loss;
}
