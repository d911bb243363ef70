// SPDX-License-Identifier: Apache-2.0
#include "lifecycle.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "loader.h"

struct lifecycle {
	int link[LOADER_LIFECYCLE]; /* raw tracepoints: they keep the programs */
	int watched, drops, events; /* maps, which the skeleton does not keep for us */
	struct ring_buffer *ring;   /* owned */
	uint64_t lost;		    /* as of the last reading */

	/* While events are read: where they go. */
	void (*take)(void *arg, enum lifecycle_what, int pid);
	void *arg;
};

static int take_event(void *context, void *data, size_t size)
{
	const struct lifecycle *l = context;
	const struct lifecycle_event *event = data;

	if (size >= sizeof(*event) && (int)event->pid > 0)
		l->take(l->arg, (enum lifecycle_what)event->what, (int)event->pid);
	return 0;
}

static int keep(int fd)
{
	return fcntl(fd, F_DUPFD_CLOEXEC, 0);
}

/* Programs stay while they are attached, maps while they have a descriptor. */
static int take_over(struct lifecycle *l, const struct loader *from)
{
	static const char *const names[LOADER_LIFECYCLE] = { "sched_process_exec", "task_newtask",
							     "sched_process_exit" };

	l->watched = keep(from->lifecycle_watched);
	l->drops = keep(from->drops);
	l->events = keep(from->lifecycle_events);
	if (l->watched < 0 || l->drops < 0 || l->events < 0)
		return -errno;
	l->ring = ring_buffer__new(l->events, take_event, l, NULL);
	if (!l->ring)
		return -errno;
	for (int i = 0; i < LOADER_LIFECYCLE; i++) {
		l->link[i] = bpf_raw_tracepoint_open(names[i], from->lifecycle[i]);
		if (l->link[i] < 0)
			return -errno;
	}
	return 0;
}

int lifecycle_open(struct lifecycle **out, struct err *e)
{
	static const struct py_unwind nobody;
	const struct loader_parts parts = { .unwind = &nobody, .lifecycle = true };
	struct lifecycle *l = calloc(1, sizeof(*l));
	struct loader loader;
	int rc;

	*out = NULL;
	if (!l)
		return err_set(e, -ENOMEM, EXIT_FAILED, "no memory for events of processes");
	l->watched = l->drops = l->events = -1;
	for (int i = 0; i < LOADER_LIFECYCLE; i++)
		l->link[i] = -1;
	rc = loader_open(&loader, getpid(), &parts, e);
	if (rc) {
		free(l);
		return rc;
	}
	rc = take_over(l, &loader);
	/* The skeleton takes megabytes, and a stream of events needs none of it. */
	loader_close(&loader);
	if (rc) {
		lifecycle_close(l);
		return err_set(e, rc, EXIT_FAILED, "cannot attach to the kernel's tracepoints: %s",
			       strerror(-rc));
	}
	*out = l;
	return 0;
}

void lifecycle_close(struct lifecycle *l)
{
	if (!l)
		return;
	for (int i = 0; i < LOADER_LIFECYCLE; i++)
		if (l->link[i] >= 0)
			close(l->link[i]);
	ring_buffer__free(l->ring);
	if (l->events >= 0)
		close(l->events);
	if (l->drops >= 0)
		close(l->drops);
	if (l->watched >= 0)
		close(l->watched);
	free(l);
}

int lifecycle_fd(const struct lifecycle *l)
{
	return l ? ring_buffer__epoll_fd(l->ring) : -1;
}

bool lifecycle_read(struct lifecycle *l, void (*take)(void *arg, enum lifecycle_what, int pid),
		    void *arg)
{
	const uint32_t key = DROP_RINGBUF_FULL;
	uint64_t lost = 0;
	bool whole;

	l->take = take;
	l->arg = arg;
	ring_buffer__consume(l->ring);
	bpf_map_lookup_elem(l->drops, &key, &lost);
	whole = lost == l->lost;
	l->lost = lost;
	return whole;
}

void lifecycle_watch(struct lifecycle *l, int pid)
{
	const uint32_t key = (uint32_t)pid;
	const uint8_t nothing = 0;

	if (l)
		bpf_map_update_elem(l->watched, &key, &nothing, BPF_ANY);
}

void lifecycle_forget(struct lifecycle *l, int pid)
{
	const uint32_t key = (uint32_t)pid;

	if (l)
		bpf_map_delete_elem(l->watched, &key);
}
