// SPDX-License-Identifier: Apache-2.0
/*
 * Samples of allocations as windows bring them in: each with its stack, native and Python frames in
 * one, named while the code objects live. Stacks alike are kept once.
 *
 *	ring buffer `window_samples` --> samples_drain() --> struct sample
 *	map `sampled`  <----------- samples_settle(): what was seen freed goes
 */
#ifndef PYLEAK_SAMPLE_SAMPLES_H
#define PYLEAK_SAMPLE_SAMPLES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../model/report.h"
#include "../probe/windows.h"
#include "../symbolize/native.h"

/* Kept at most, which is what the kernel side has room for; before, a half at random makes room. */
#define SAMPLES_MAX (1u << 14)
#define SAMPLES_STACKS_MAX (1u << 13) /* different stacks; samples of more are left out */
#define SAMPLES_FRAMES_MAX (1u << 14) /* different frames; 6 MiB */
#define SAMPLE_WORDS 32		      /* of a block that are compared */

struct sample {
	uint64_t address, time_ns; /* CLOCK_MONOTONIC */
	uint64_t size;		   /* as asked for; 0: the source does not say */
	double weight;		   /* one in so many was kept */
	uint32_t source;	   /* enum account_source */
	uint32_t stack;
	bool marked; /* the block may have been freed unseen since; word[] is what it held before */
	uint8_t words;
	uint64_t word[SAMPLE_WORDS];
};

struct sampled_stack {
	uint32_t depth;
	uint32_t at[REPORT_STACK_MAX]; /* index of each frame, innermost first */
	bool truncated;
};

struct samples;

/* 0, -ENOMEM, or -errno where the ring buffer cannot be mapped. All are borrowed. */
int samples_open(struct samples **out, struct windows *w, struct native *native,
		 struct pyframes *frames);
void samples_close(struct samples *s);

/* Take what the kernel side has. How many, or -errno. */
int samples_drain(struct samples *s);

/* Forget samples whose blocks were seen freed, and sampled anew. 0 or -errno. */
int samples_settle(struct samples *s);

/*
 * From now on frees of the blocks from @source (of enum account_source) are not seen: remember what
 * is in them. After samples_settle(), where they were seen before.
 */
void samples_mark(struct samples *s, uint32_t source, struct remote *mem);

/*
 * As samples_settle() and samples_mark() in one, for samples that were not marked yet, while their
 * blocks are still watched: what is remembered is the block's own. Those younger than @stayed_ns
 * are left out.
 */
void samples_settle_marked(struct samples *s, uint32_t source, uint64_t stayed_ns,
			   struct remote *mem);

/* Keep those that @keep wants; the kernel side forgets the others too. */
void samples_filter(struct samples *s, bool (*keep)(void *arg, const struct sample *one),
		    void *arg);

/* All of them, in no order; valid until the next call that changes them. */
const struct sample *samples_all(const struct samples *s, size_t *count);

/* A sample's stack as a report has it. */
void samples_stack(const struct samples *s, uint32_t stack, struct stack *out);

/* Its innermost native frame, or Python frame; NULL: none. Frames alike are the same frame. */
const struct frame *samples_innermost(const struct samples *s, uint32_t stack, bool native);

struct samples_loss {
	uint64_t samples_full, stacks_full, truncated;
};
void samples_loss(const struct samples *s, struct samples_loss *out);

#endif
