// SPDX-License-Identifier: Apache-2.0
/*
 * The other ends of pipes: who holds them, by a look at the descriptors of every process that may
 * be looked at.
 */
#ifndef PYLEAK_RESOURCES_PIPES_H
#define PYLEAK_RESOURCES_PIPES_H

#include "descriptors.h"

#define PIPES_PROCESSES_MAX 8192      /* that are looked at */
#define PIPES_DESCRIPTORS_MAX 262144 /* of theirs; some 0.3 s */

/*
 * Rewrite `what` of each pipe: "pipe read here, written by pid 4243 worker", "pipe written here, no
 * reader is left", "pipe read here, written here too". Where not all processes could be looked at,
 * and none that was has the other end: "pipe read here".
 */
void pipes_describe(struct descriptors *d, pid_t pid);

#endif
