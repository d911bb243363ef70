// SPDX-License-Identifier: Apache-2.0
/*
 * The way from a root to a block, as a person would write it in code: "module app.cache:
 * SESSIONS[*].user".
 */
#ifndef PYLEAK_HEAP_PATH_H
#define PYLEAK_HEAP_PATH_H

#include "reach.h"

#define PATH_STEPS_MAX 48 /* of a path that are written; the middle of a longer one is left out */

/* The path to @block, NUL-terminated in @buf. */
void path_write(struct reach *r, uint32_t block, char *buf, size_t cap);

/* The path to what @holder holds by @edge: path_write() of the holder and one step more. */
void path_write_slot(struct reach *r, uint32_t holder, unsigned edge, char *buf, size_t cap);

/* The same, of one element: with its index or key, whatever they are. */
void path_write_example(struct reach *r, uint32_t holder, unsigned edge, char *buf, size_t cap);

/* A step that is written: how, and the type number of what it leads to. */
struct path_step {
	char label[96];
	unsigned type;
};

/*
 * The same path step by step, the root's label first; steps that are not written go with the one
 * before, repeated ones are left out, and of more than @most the middle. The last one's type is not
 * known here: TYPE_NONE. How many; 0 where nothing leads to @holder.
 */
unsigned path_steps(struct reach *r, uint32_t holder, unsigned edge, struct path_step *step,
		    unsigned most);

/* The root that a reached block hangs from; NULL where it is not reached. */
const struct root *path_root(const struct reach *r, uint32_t block);

#endif
