// SPDX-License-Identifier: Apache-2.0
/*
 * The container a process runs in, told by the names that managers give to control groups.
 */
#ifndef PYLEAK_TARGET_CONTAINER_H
#define PYLEAK_TARGET_CONTAINER_H

#include <stddef.h>

/*
 * Put into @out (@cap bytes) the container's id, or "" where the text of /proc/PID/cgroup (cgroup
 * v1 or v2) names none. An id is
 *
 *   64 hex digits  docker, containerd, cri-o, podman, Kubernetes: as a path element /ID, or in
 *                  docker-ID.scope, cri-containerd-ID.scope, crio-ID.scope, libpod-ID.scope
 *   a name         systemd-nspawn@NAME.service, machine-NAME.scope (systemd-machined),
 *                  lxc.payload.NAME, /lxc/NAME
 */
void container_of_cgroup(const char *cgroup, char *out, size_t cap);

#endif
