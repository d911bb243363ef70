// SPDX-License-Identifier: Apache-2.0
/*
 * What people call a process: the service it is part of, and its release. From what it was started
 * with, none of it from its memory.
 */
#ifndef PYLEAK_TARGET_SERVICE_H
#define PYLEAK_TARGET_SERVICE_H

#include "process.h"

struct service {
	char name[96];	  /* never "" */
	char release[64]; /* "" where nothing says */
};

/*
 * The name is the first of
 *
 *   OTEL_SERVICE_NAME, or service.name in OTEL_RESOURCE_ATTRIBUTES, in its environment
 *   the systemd service of its cgroup, without ".service"; not of a container or a pod, nor one of
 *     the units that hold other people's processes (user@1000.service)
 *   the program that Python runs: "app" of `python3 /srv/app.py`, "celery" of `python3 -m celery`,
 *     "gunicorn" of `/venv/bin/python3 /venv/bin/gunicorn app:main`
 *   its comm
 *
 * The release is service.version in OTEL_RESOURCE_ATTRIBUTES. Nothing else of environment and
 * command line is kept.
 */
void service_read(struct service *s, const struct process *p);

/* The parts, of texts. False and *@out = "" where they say nothing. */
bool service_of_environment(const char *environ, size_t len, struct service *s);
bool service_of_cgroup(const char *cgroup, char *out, size_t cap);
bool service_of_command(const char *cmdline, size_t len, char *out, size_t cap);

#endif
