// SPDX-License-Identifier: Apache-2.0
/*
 * What the files of verify.h share: one look at the process, and how a fact that does not hold is
 * told.
 */
#ifndef PYLEAK_CPYTHON_VERIFY_LOOK_H
#define PYLEAK_CPYTHON_VERIFY_LOOK_H

#include "../util/strbuf.h"
#include "verify.h"

struct verify_look {
	struct py_runtime *rt;
	struct remote *mem;
	const struct maps *maps;
	struct py_doubt *doubt;
	struct strbuf said; /* what held, for rt->verified */
	uint64_t main;	    /* the interpreter looked at: the oldest, last in the list */
};

/* What does not hold; returns -EINVAL. */
int verify_doubt(struct verify_look *k, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* The word at @addr; 0 where there is none. */
uint64_t verify_word(struct verify_look *k, uint64_t addr);

/* tp_name of the type of the object at @addr; "" where there is none. */
void verify_type_name(struct verify_look *k, uint64_t addr, char name[64]);

/* Do the threads' states belong to threads of the process, and their frames read? */
int verify_threads(struct verify_look *k, const struct process *p);

/*
 * The collector's state is not self-described and moves between micro releases (generations: +24
 * in 3.13.0, +20 in Debian's 3.13.5), so the array is looked for near the place that the table
 * names. Not found: PY_ABSENT, nothing else depends on it.
 */
void verify_find_generations(struct verify_look *k);

#endif
