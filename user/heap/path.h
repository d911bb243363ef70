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

/* The root that a reached block hangs from; NULL where it is not reached. */
const struct root *path_root(const struct reach *r, uint32_t block);

#endif
