// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../cpython/walk.h"
#include "../resources/sockets.h"
#include "resource_rows.h"

static int read_threads(struct resource_view *v, const struct process *p)
{
	ssize_t count;

	v->tid = calloc(PY_THREADS_MAX, sizeof(*v->tid));
	v->own_tid = calloc(PY_THREADS_MAX, sizeof(*v->own_tid));
	if (!v->tid || !v->own_tid)
		return -ENOMEM;
	count = process_threads(p, v->tid, PY_THREADS_MAX);
	if (count < 0)
		return (int)count;
	v->tids = (size_t)(count < PY_THREADS_MAX ? count : PY_THREADS_MAX);
	py_thread_own_ids(p, v->tid, v->own_tid, v->tids);
	return 0;
}

int resource_view_read(struct resource_view *v, const struct process *p)
{
	int rc;

	*v = (struct resource_view){ 0 };
	rc = descriptors_read(&v->descriptors, p->pid);
	if (!rc)
		rc = maps_read(&v->maps, p->pid);
	if (!rc)
		rc = read_threads(v, p);
	if (!rc)
		sockets_describe(&v->descriptors, p->pid);
	return rc;
}

void resource_view_release(struct resource_view *v)
{
	descriptors_release(&v->descriptors);
	maps_release(&v->maps);
	free(v->tid);
	free(v->own_tid);
	free(v->owner_type);
	free(v->row_of);
	*v = (struct resource_view){ 0 };
}
