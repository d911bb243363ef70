// SPDX-License-Identifier: Apache-2.0
/*
 * The only writes that pyleak makes to another process: words of CPython's allocator tables, each
 * from one address of a function to another address of the same function, and back.
 *
 *	table of a domain	{ context, malloc, calloc, realloc, free }
 *	                                   `-- entry[0] <-> alias[0], ...
 *
 * Every write is made while all threads are stopped, and only where what is there has been compared
 * with what must be there. Either value of a word runs the same code, so whatever happens between
 * two writes leaves a process that works.
 */
#ifndef PYLEAK_REDIRECT_SLOTS_H
#define PYLEAK_REDIRECT_SLOTS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "../cpython/points.h"

#define SLOTS_TABLES 2 /* of the mem and object domains */
#define SLOTS_FUNCTIONS 4

struct slots {
	uint64_t table[SLOTS_TABLES]; /* addresses */
	uint64_t entry[SLOTS_FUNCTIONS], alias[SLOTS_FUNCTIONS]; /* malloc, calloc, realloc, free */
};

/* Where a process has them. False where a table, a function or an alias of one is not known. */
bool slots_find(struct slots *s, const struct py_points *points);

/*
 * All entries into aliases. 0; -EBUSY where a table holds anything but the entries; else as
 * stop_all(), or -EFAULT. Nothing is changed unless all is. Adds to *@stopped_ns.
 */
int slots_redirect(const struct slots *s, pid_t pid, uint64_t *stopped_ns);

/*
 * Every alias back into its entry, also in the copy of a table that a hook in front of it
 * (tracemalloc) hands on to. How many words were written, or as above; what is neither is left.
 */
int slots_restore(const struct slots *s, pid_t pid, uint64_t *stopped_ns);

/* How many aliases its tables hold, hooks' copies included; read without a stop. -errno. */
int slots_aliased(const struct slots *s, pid_t pid);

#endif
