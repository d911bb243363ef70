// SPDX-License-Identifier: Apache-2.0
/*
 * Ends and states of sockets, from the tables of the target's own network namespace
 * (/proc/PID/net/tcp and the like, proc(5)).
 */
#ifndef PYLEAK_RESOURCES_SOCKETS_H
#define PYLEAK_RESOURCES_SOCKETS_H

#include "descriptors.h"

/*
 * Rewrite `what` of each socket: "tcp to 10.0.0.5:5432, ESTABLISHED", "tcp accepted on :8080,
 * CLOSE_WAIT", "tcp listening on :8080", "unix /run/app.sock". One that no table has keeps its
 * number: it is of another namespace, or of another family, or not bound.
 */
void sockets_describe(struct descriptors *d, pid_t pid);

#endif
