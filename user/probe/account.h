// SPDX-License-Identifier: Apache-2.0
/*
 * Outstanding allocations of one process, counted in kernel maps by Python stack: the sources'
 * probes attached, the maps within reach. Nothing of the target is changed but for the probes'
 * breakpoints, which go away with our descriptors, also when we are killed.
 */
#ifndef PYLEAK_PROBE_ACCOUNT_H
#define PYLEAK_PROBE_ACCOUNT_H

#include <stdbool.h>
#include <stdint.h>

#include "../util/err.h"
#include "source.h"

#define ACCOUNT_LIVE_DEFAULT (1u << 20) /* 96 MiB of kernel memory */
#define ACCOUNT_SITES_DEFAULT (1u << 15)

enum account_sources {
	ACCOUNT_IS_PYMALLOC,
	ACCOUNT_IS_LIBC,
	ACCOUNT_IS_POOLS,
	ACCOUNT_IS_INLINED,
	ACCOUNT_IS_COUNT
};

/* One source as it was attached. */
struct account_attached {
	const struct source *source;
	unsigned probes, dear; /* those that are not on an emulated instruction */
	char why[160];	       /* why it has no probes, or not all; "" otherwise */
};

struct account;

struct account_options {
	enum attach_way way; /* attach_best(), or a lesser one */
	uint32_t live_max;   /* outstanding allocations kept */
	uint32_t sites_max;  /* stacks told apart: 7/8 of it; the others by their innermost line */
	bool redirected;     /* CPython's allocator will be called by its aliases: redirect/ */
	bool resources;	     /* for resources.h, which attaches its hooks itself; @way is unused */
};

/*
 * Load programs and maps; nothing is attached yet. @p, @rt and @points must outlive it; @points
 * is NULL where resources are accounted for. 0, or -errno with @e set.
 */
int account_open(struct account **out, const struct process *p, const struct py_runtime *rt,
		 const struct py_points *points, const struct account_options *options,
		 struct err *e);
void account_close(struct account *a);

/*
 * Attach a source, all of its probes or none: frees before allocations, so that no free is missed.
 * 0, also where it has nothing to probe (attached().why); -errno with @e set.
 */
int account_attach(struct account *a, enum account_sources which, struct err *e);
/* Take all probes off; the maps stay as they are. */
void account_detach(struct account *a);

const struct account_attached *account_attached(const struct account *a,
						enum account_sources which);

/*
 * From now on a small block is recorded when it is asked for, not when it is returned, which costs
 * a quarter less: @usedpools is where usedpools_find() found the array. For one interpreter, all of
 * whose frees are seen. The kernel side checks some and goes back to returns at the first that is
 * wrong. Nothing changes where entry and return are probes of their own.
 */
void account_predict(struct account *a, uint64_t usedpools);

enum attach_way account_way(const struct account *a);

/* Of 2^shift addresses one is kept; see struct account_control for how it rises. */
uint32_t account_shift(const struct account *a);
/* @removed allocations that do not pass account_keeps() at @shift were taken out of `live`. */
void account_swept(struct account *a, uint32_t shift, uint64_t removed);
/* Did the process become another program? */
bool account_stopped(const struct account *a);

struct account_stats {
	uint64_t hits; /* of probes */
	uint64_t dropped[DROP_REASONS];
};
void account_stats(const struct account *a, struct account_stats *out);

/* What is loaded, for resources.h. */
const struct loader *account_loader(const struct account *a);

/* Descriptors of the maps, for sample/. */
struct account_maps {
	int live, sites, stacks;
};
struct account_maps account_maps(const struct account *a);

#endif
