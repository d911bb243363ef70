// SPDX-License-Identifier: Apache-2.0
/*
 * Processes that were forked while their parent's tables held aliases, and so hold them too.
 */
#ifndef PYLEAK_REDIRECT_FAMILY_H
#define PYLEAK_REDIRECT_FAMILY_H

#include <stdint.h>
#include <sys/types.h>

#include "slots.h"

struct family {
	pid_t parent;
	uint64_t parent_start_ticks;
	uint64_t device, inode;	 /* of the executable */
	uint64_t since_ticks;	 /* a child cannot be older */
};

/* Of the living process @pid, from now on. 0 or -errno. */
int family_since_now(struct family *f, pid_t pid);

/* Is the parent still there? */
int family_parent_lives(const struct family *f);

/*
 * Restore every process of the same executable that was started since then and holds aliases,
 * wherever it hangs by now. How many were; *@left of them could not be.
 */
unsigned family_restore(const struct family *f, const struct slots *s, uint64_t *stopped_ns,
			unsigned *left);

#endif
