// SPDX-License-Identifier: Apache-2.0
/*
 * How many descriptors, threads and mappings a process has, and how many it may have.
 */
#ifndef PYLEAK_RESOURCES_COUNTS_H
#define PYLEAK_RESOURCES_COUNTS_H

#include "../target/maps.h"
#include "../target/process.h"
#include "descriptors.h"

/* Is it a mapping of a file or of shared memory, and no library's? */
bool mapping_is_resource(const struct maps *m, const struct map *map);

/* What is listed in @d, the threads, the mappings. @m may be NULL: they are then UNKNOWN. */
void counts_take(struct resource_counts *c, const struct process *p, const struct descriptors *d,
		 const struct maps *m);

/*
 * RLIMIT_NOFILE from /proc/PID/limits; pids.max of the control group of the process, or of the one
 * above that leaves least room, as far as this mount namespace shows them.
 */
void limits_read(struct resource_limits *l, pid_t pid);

#endif
