// SPDX-License-Identifier: Apache-2.0
/*
 * References to the targets, grouped: by path from a root, and by kind of who holds them.
 */
#ifndef PYLEAK_SESSION_WHO_PATHS_H
#define PYLEAK_SESSION_WHO_PATHS_H

#include "../heap/dominators.h"
#include "../heap/referrers.h"
#include "../model/who.h"

#define WHO_PATTERNS_MAX 4096u /* of paths that are told apart; others are left out, counted */

/* Fill paths and referrers of @w. @values: also an example of each with its keys. 0 or -ENOMEM. */
int who_paths(struct who *w, const struct referrers *f, const struct dominators *d, bool values);

#endif
