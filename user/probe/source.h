// SPDX-License-Identifier: Apache-2.0
/*
 * Families of functions that hand out memory, one file and one table entry each. A source says
 * where its probes go; attaching, reading and taking them off is account.h's, alike for all.
 *
 *	pymalloc  src_pymalloc.c  the functions in the tables of CPython's mem and object domains:
 *	                          exact, unless the build has them inlined into their callers
 *	libc      src_libc.c      malloc and its family, and mappings: what is larger than 512
 *	                          bytes, and native code
 *	pools     src_pools.c     pymalloc's new pools: an estimate, on every build
 *	inlined   src_inlined.c   pymalloc's allocations where it is inlined: exact counts by
 *	                          stack, without addresses and sizes
 */
#ifndef PYLEAK_PROBE_SOURCE_H
#define PYLEAK_PROBE_SOURCE_H

#include <stdbool.h>
#include <stdint.h>

#include "../cpython/points.h"
#include "../cpython/runtime.h"
#include "../target/maps.h"
#include "../target/process.h"
#include "attach.h"
#include "loader.h"

#define SOURCE_PROBES_MAX 512

struct source_probe {
	char path[80];	 /* of the file, as the kernel is told: a magic link of /proc */
	uint64_t offset; /* in the file, of the instruction */
	uint64_t address; /* of the same in the process; 0: not mapped there */
	bool returns;	 /* the program is for the function's return only */
	bool allocates;	 /* entry and return both matter */
	bool emulated;	 /* false: 13 times as dear */
	bool maps_memory; /* the function is mmap's family */
	enum loader_program program;
	char function[32];
};

struct source_probes {
	struct source_probe probe[SOURCE_PROBES_MAX];
	unsigned count;
	char why[160]; /* where there is none, or not all that there should be; "" otherwise */
};

/* What a source may look at. */
struct source_target {
	const struct process *process;
	const struct py_runtime *rt;
	const struct py_points *points;
	const struct maps *maps;
	bool redirected; /* calls come by the functions' aliases: redirect/ */
};

struct source {
	const char *name;
	enum account_source account;
	/* Where its probes go in that process; none, and why, where there is nothing to probe. */
	void (*points)(const struct source_target *target, struct source_probes *out);
};

extern const struct source source_pymalloc, source_libc, source_pools, source_inlined;

/*
 * The kernel's way to the file mapped at @m into @path: by the mapping itself, or where that is
 * denied below the process's root.
 */
void source_path(const struct process *p, const struct map *m, char *path, size_t cap);

/*
 * One more probe, with its address in the process by @maps; beyond SOURCE_PROBES_MAX, or a second
 * one of a program at one place: ignored. @m: a mapping of the probed file.
 */
void source_add(struct source_probes *out, const struct source_probe *probe,
		const struct maps *maps, const struct map *m);

#endif
