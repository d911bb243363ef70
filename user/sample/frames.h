// SPDX-License-Identifier: Apache-2.0
/*
 * Resolved frames, each kept once: a hundred thousand stacks share a few thousand frames.
 */
#ifndef PYLEAK_SAMPLE_FRAMES_H
#define PYLEAK_SAMPLE_FRAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../model/report.h"

struct frames;

struct frames *frames_new(size_t most); /* at most so many; a power of two. NULL: no memory */
void frames_free(struct frames *f);

/*
 * The number of that frame in *@index. Where there is no room for a new one: false, and the number
 * of one that says "?".
 */
bool frames_intern(struct frames *f, const struct frame *frame, uint32_t *index);

/* All of them; valid until the next frames_intern(). */
struct frame *frames_all(struct frames *f, size_t *count);

#endif
