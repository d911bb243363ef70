// SPDX-License-Identifier: Apache-2.0
/*
 * The garbage collector's own account of itself, struct _gc_runtime_state
 * (Include/internal/pycore_gc.h, pycore_interp_structs.h from 3.14):
 *
 *	3.8       _PyRuntime.gc, one for all
 *	from 3.9  PyInterpreterState.gc, one an interpreter
 *
 *	generations[3]       ring of objects, threshold, count since the last collection
 *	generation_stats[3]  collections, collected, uncollectable since the start; in 3.15 a
 *	                     pointer to rings of such items, of which an index names the newest
 *	garbage              list of what could not be collected: gc.garbage
 */
#ifndef PYLEAK_CPYTHON_COLLECTOR_H
#define PYLEAK_CPYTHON_COLLECTOR_H

#include <stdbool.h>
#include <stdint.h>

#include "../../bpf/abi.h"
#include "../util/err.h"
#include "runtime.h"

#define PY_GARBAGE_TYPES 8
#define PY_GARBAGE_READ 4096 /* elements of gc.garbage that are looked at */

/* What one interpreter's collector says of itself at one moment. */
struct py_collector {
	bool enabled;
	int32_t threshold[GC_GENERATIONS], count[GC_GENERATIONS];
	struct gc_stat stat[GC_GENERATIONS];
	int64_t tracked; /* objects in all generations; where that is not exact (before 3.14) as of
			    the last collections, and what was created since is in count[0] */
	bool tracked_is_exact;
	uint64_t garbage; /* the list */
};

/* Types in gc.garbage, most first. */
struct py_garbage {
	uint64_t objects; /* in the list */
	unsigned types;
	struct {
		char name[96];
		uint64_t objects; /* among the first PY_GARBAGE_READ */
	} type[PY_GARBAGE_TYPES];
};

/*
 * What the kernel side needs, but for where it is attached (thread_in_argument,
 * reason_in_argument), after the main interpreter's collector was verified: gc.garbage is a
 * list, counters are plausible. -EINVAL (EXIT_NOT_PYTHON) where a version's collector is not known
 * or does not verify; @e says which.
 */
int py_collector_layout(const struct py_runtime *rt, struct remote *mem, struct gc_layout *out,
			struct err *e);

/* What the first GC_STATE_BYTES of a state say: all but the statistics in rings, and garbage. */
void py_collector_parse(const struct gc_layout *l, const uint8_t *bytes, struct py_collector *out);

/* Read the state at @state. 0 or -EFAULT. */
int py_collector_read(const struct gc_layout *l, struct remote *mem, uint64_t state,
		      struct py_collector *out, const struct py_layout *layout);

/* The state of the main interpreter, 0 where there is none. */
uint64_t py_collector_main(const struct py_runtime *rt, struct remote *mem,
			   const struct gc_layout *l);

/* Head of the ring of frozen objects (gc.freeze()); 0 where it is not found. */
uint64_t py_collector_permanent(struct remote *mem, uint64_t state, const struct gc_layout *l);

/* Step @at, a head in a ring, to the one before; @object is what that heads. False where the ring
 * is torn. */
bool py_collector_before(struct remote *mem, uint64_t *at, uint64_t *object);

/* The id of the interpreter whose collector's state is at @state; -1 where that is not known. */
int64_t py_collector_interpreter(const struct gc_layout *l, const struct py_layout *layout,
				 struct remote *mem, uint64_t state);

/* What sits in gc.garbage, by type. 0 or -EFAULT. */
int py_collector_garbage(const struct py_layout *l, struct remote *mem, uint64_t list,
			 struct py_garbage *out);

#endif
