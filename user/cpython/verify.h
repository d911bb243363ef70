// SPDX-License-Identifier: Apache-2.0
/*
 * Does a layout describe the live process? Facts that can only hold where the offsets are right,
 * looked up in the target: the type of types, the interpreter and thread lists, the module dict and
 * sys.hexversion in it, a frame's code object, the collector's lists. A process that runs may
 * change under a look, so a check that fails is tried again.
 */
#ifndef PYLEAK_CPYTHON_VERIFY_H
#define PYLEAK_CPYTHON_VERIFY_H

#include "../target/maps.h"
#include "runtime.h"

/* What is wrong, where: for the refusal. */
struct py_doubt {
	char text[256];
	bool starting; /* no interpreter yet: Py_Initialize() has not come that far */
};

/*
 * Check rt->layout against the process. 0: rt->verified says what was seen, rt->native_ids and
 * rt->tss_key are set, and layout.gc_generations is where the collector's lists were found, or
 * PY_ABSENT. -EINVAL: @doubt says what did not hold.
 */
int py_verify(struct py_runtime *rt, const struct process *p, const struct maps *maps,
	      struct remote *mem, struct py_doubt *doubt);

#endif
