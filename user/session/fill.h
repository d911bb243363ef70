// SPDX-License-Identifier: Apache-2.0
/*
 * What the stages found, into the report: identity, parts of the footprint, candidates, losses and
 * costs.
 */
#ifndef PYLEAK_SESSION_FILL_H
#define PYLEAK_SESSION_FILL_H

#include "../cpython/runtime.h"
#include "../model/report.h"
#include "sampling.h"
#include "sightings.h"
#include "suspects.h"

void fill_target(struct report *r, const struct process *p, const struct py_runtime *rt);

/* What a person should know of how the heap was read. */
void fill_warnings(struct report *r, const struct heap *heap);

/* Memory of our own, and what was read. */
void fill_own_cost(struct report *r, const struct remote *mem);

/* What probes took, traps and programs, @ns of the @cpu_ns that the target used; 0: unknown. */
void fill_target_cost(struct report *r, double ns, double cpu_ns);

/* Everything else; @watch may be NULL, @rss are resident sizes over the look. 0 or -ENOMEM. */
int fill_report(struct report *r, struct heap *heap, struct suspects *suspects,
		const struct sightings *sightings, const struct sampling_end *sampling,
		struct watch *watch, const struct stores *stores, const struct series *rss);

#endif
