// SPDX-License-Identifier: Apache-2.0
/*
 * The container and the pod a process runs in, told by the names that managers give to control
 * groups.
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

/*
 * Put into @out the UID of the Kubernetes pod that the cgroup belongs to, "" where it is none: a
 * path element "podUID" or "kubepods-CLASS-podUID.slice", where systemd's names write '-' as '_'.
 */
void pod_of_cgroup(const char *cgroup, char *out, size_t cap);

/*
 * "NAMESPACE/NAME" of the pod with that UID, from the folder that the kubelet keeps for its logs,
 * /var/log/pods/NAMESPACE_NAME_UID; @root is "" but in tests. "" where there is none.
 */
void pod_name(const char *root, const char *uid, char *out, size_t cap);

#endif
