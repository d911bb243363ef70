// SPDX-License-Identifier: Apache-2.0
/*
 * --redirect: for a while every call of CPython's allocator passes the probes, also on builds that
 * inline it into its callers. The one thing in pyleak that writes to a target.
 *
 * Such builds compare the allocator table's function with the one they have inlined, at each call,
 * and call the table's when it is another (speculative devirtualisation, GCC's -fprofile-use). So
 * the tables' words are pointed at another address of the same function (slots.h): every comparison
 * fails, and every call goes out of line, to the same code.
 *
 *	open -> begin -> ... -> end -> close
 *	  `- guardian.h: ends it, too, if we are killed in between
 *
 * What the target sees of it: two stops of its threads (stop.h); allocations somewhat slower; code
 * that asks "is this pymalloc?" by comparing the pointer (sys._debugmallocstats) is told no.
 *
 * Children forked meanwhile run the same code and are restored at the end, too (family.h). One that
 * calls exec has new tables. A process that only exits needs nothing.
 */
#ifndef PYLEAK_REDIRECT_REDIRECT_H
#define PYLEAK_REDIRECT_REDIRECT_H

#include <stdbool.h>

#include "../cpython/points.h"
#include "../target/process.h"
#include "../util/err.h"
#include "restore.h"

struct redirect;

/*
 * Look whether it can be done in @p, and start the guardian; nothing is written yet. 0; or -EBUSY
 * (EXIT_FAILED) with what stands in the way: tracemalloc, PYTHONMALLOC, another tool, a function
 * without an alias, branch tracking that would not accept one. Both are borrowed.
 */
int redirect_open(struct redirect **out, const struct process *p, const struct py_points *points,
		  struct err *e);
int redirect_begin(struct redirect *r, struct err *e);
/* 0, also where it is not redirected; else the target is left as it was: slower, and correct. */
int redirect_end(struct redirect *r, struct err *e);
/* Ends it first where that has not been done. NULL is allowed. */
void redirect_close(struct redirect *r);

/* What was done so far; stopped_ns from the first redirect on. */
const struct restored *redirect_done(const struct redirect *r);

/*
 * Restore a process that some pyleak left redirected, and nothing else: *@out says what there was
 * to do. 0, or -errno with @e.
 */
int redirect_repair(const struct process *p, const struct py_points *points, struct restored *out,
		    struct err *e);

#endif
