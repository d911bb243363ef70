// SPDX-License-Identifier: Apache-2.0
/*
 * The heap of one target, all parts together: open, walk some times, search once, read the holders.
 */
#ifndef PYLEAK_HEAP_HEAP_H
#define PYLEAK_HEAP_HEAP_H

#include "glibc.h"
#include "holders.h"
#include "reach.h"

struct heap {
	const struct py_runtime *rt; /* borrowed */
	struct remote *mem;	     /* borrowed */
	struct present *present;     /* NULL: the kernel does not say which pages are present */
	struct types types;
	struct stream stream;
	struct reader reader;
	struct spans spans;
	struct glibc glibc;
	struct history history;
	struct reach reach;
	struct holders holders;
	int present_err; /* why present is NULL */
};

/* 0 or -ENOMEM. Close with heap_close(), also after a failure. */
int heap_open(struct heap *h, const struct py_runtime *rt, struct remote *mem);
void heap_close(struct heap *h);

/* One walk, @seconds after the first; at most WALKS_MAX. 0, -ENOMEM, or -errno where the target is
 * gone. */
int heap_walk(struct heap *h, double seconds);

/* After a walk: where pymalloc has its pools with room, as usedpools_find() says; 0: not found. */
uint64_t heap_usedpools(const struct heap *h);

/* After a walk: search from the roots, without looking for survivors. @all: keep everybody's
 * parent, for held.h. */
int heap_reach(struct heap *h, bool all);

/* After three walks or more: search from the roots and sort survivors to holders. May be repeated
 * after another walk. */
int heap_search(struct heap *h);

#endif
