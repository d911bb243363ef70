// SPDX-License-Identifier: Apache-2.0
#include "resources.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tracepoint.h"

#define HOOKS_MAX 40

/* What a hit takes besides what the program times itself: the tracepoint, the program's first
 * steps, the slow way of the call and of one more that has no hook. Of 50,000 files a second that
 * are opened and closed each takes 0.5 to 0.8 us more where none is kept, and that is two hits. */
#define HIT_NS 350.0

struct hook {
	const char *category; /* NULL: a raw tracepoint */
	const char *name;
	enum loader_hook program;
};

static const struct hook make[] = {
	{ "syscalls", "sys_exit_openat", HOOK_DESCRIPTOR },
	{ NULL, "task_newtask", HOOK_THREAD },
	{ "syscalls", "sys_exit_open", HOOK_DESCRIPTOR },
	{ "syscalls", "sys_exit_openat2", HOOK_DESCRIPTOR },
	{ "syscalls", "sys_exit_socket", HOOK_DESCRIPTOR },
	{ "syscalls", "sys_exit_accept4", HOOK_DESCRIPTOR },
	{ "syscalls", "sys_exit_accept", HOOK_DESCRIPTOR },
	{ "syscalls", "sys_exit_dup", HOOK_DESCRIPTOR },
	{ "syscalls", "sys_exit_dup2", HOOK_DESCRIPTOR },
	{ "syscalls", "sys_exit_dup3", HOOK_DESCRIPTOR },
	{ "syscalls", "sys_exit_eventfd2", HOOK_DESCRIPTOR },
	{ "syscalls", "sys_exit_epoll_create1", HOOK_DESCRIPTOR },
	{ "syscalls", "sys_exit_memfd_create", HOOK_DESCRIPTOR },
	{ "syscalls", "sys_exit_timerfd_create", HOOK_DESCRIPTOR },
	{ "syscalls", "sys_exit_inotify_init1", HOOK_DESCRIPTOR },
	{ "syscalls", "sys_exit_inotify_init", HOOK_DESCRIPTOR },
	{ "syscalls", "sys_exit_signalfd4", HOOK_DESCRIPTOR },
	{ "syscalls", "sys_exit_pidfd_open", HOOK_DESCRIPTOR },
	{ "syscalls", "sys_exit_fcntl", HOOK_FCNTL },
	{ "syscalls", "sys_enter_fcntl", HOOK_FCNTL_ENTER },
	{ "syscalls", "sys_exit_pipe2", HOOK_PAIR },
	{ "syscalls", "sys_enter_pipe2", HOOK_PIPE_ENTER },
	{ "syscalls", "sys_exit_socketpair", HOOK_PAIR },
	{ "syscalls", "sys_enter_socketpair", HOOK_SOCKETPAIR_ENTER },
	{ "syscalls", "sys_exit_mmap", HOOK_MMAP },
	{ "syscalls", "sys_enter_mmap", HOOK_MMAP_ENTER },
};

static const struct hook end[] = {
	{ "syscalls", "sys_enter_close", HOOK_CLOSE },
	{ "syscalls", "sys_enter_munmap", HOOK_MUNMAP },
	{ NULL, "sched_process_exit", HOOK_THREAD_EXIT },
};

static const struct {
	const struct hook *hook;
	unsigned count;
} tables[RESOURCES_HOOKS] = {
	[RESOURCES_MAKE] = { make, sizeof(make) / sizeof(make[0]) },
	[RESOURCES_END] = { end, sizeof(end) / sizeof(end[0]) },
};

struct half {
	int link[HOOKS_MAX];
	unsigned links;
	pthread_t closer;
	bool closing;
};

struct resources_probe {
	struct account *account;
	const struct loader *loader; /* of the account */
	pid_t pid;
	int tracefs;
	struct half half[RESOURCES_HOOKS];
};

/* In the order of the tables, which begin with what is called most. */
static void *close_links(void *arg)
{
	struct half *h = arg;

	for (unsigned i = 0; i < h->links; i++)
		close(h->link[i]);
	h->links = 0;
	return NULL;
}

int resources_open(struct resources_probe **out, const struct process *process,
		   const struct py_runtime *rt, struct err *e)
{
	const struct account_options options = { .live_max = RESOURCES_LIVE_MAX,
						 .sites_max = RESOURCES_SITES_MAX,
						 .resources = true };
	struct resources_probe *p = calloc(1, sizeof(*p));
	int rc;

	*out = NULL;
	if (!p)
		return err_set(e, -ENOMEM, EXIT_FAILED, "no memory to watch process %d",
			       (int)process->pid);
	p->pid = process->pid;
	p->tracefs = tracefs_open();
	if (p->tracefs < 0) {
		rc = err_set(e, p->tracefs,
			     p->tracefs == -EPERM ? EXIT_NOT_PERMITTED : EXIT_FAILED,
			     "cannot watch the system calls of process %d: tracefs is not to be "
			     "had (%s); run as root, on a kernel with CONFIG_FTRACE_SYSCALLS=y",
			     (int)p->pid, strerror(-p->tracefs));
		free(p);
		return rc;
	}
	rc = account_open(&p->account, process, rt, NULL, &options, e);
	if (rc) {
		resources_close(p);
		return rc;
	}
	p->loader = account_loader(p->account);
	*out = p;
	return 0;
}

void resources_close(struct resources_probe *p)
{
	if (!p)
		return;
	for (int which = RESOURCES_MAKE; which < RESOURCES_HOOKS; which++)
		resources_detach(p, which);
	for (int which = RESOURCES_MAKE; which < RESOURCES_HOOKS; which++)
		if (p->half[which].closing)
			pthread_join(p->half[which].closer, NULL);
	account_close(p->account);
	close(p->tracefs);
	free(p);
}

static int attach_one(struct resources_probe *p, const struct hook *hook)
{
	int program = p->loader->hook[hook->program];
	int fd = hook->category
			 ? tracepoint_attach(p->tracefs, hook->category, hook->name, program)
			 : bpf_raw_tracepoint_open(hook->name, program);

	return fd >= 0 || hook->category ? fd : -errno;
}

int resources_attach(struct resources_probe *p, enum resources_hooks which, struct err *e)
{
	struct half *h = &p->half[which];

	for (unsigned i = 0; i < tables[which].count; i++) {
		const struct hook *hook = &tables[which].hook[i];
		int fd = attach_one(p, hook);

		if (fd == -ENOENT)
			continue;
		if (fd < 0) {
			resources_detach(p, which);
			return err_set(e, fd,
				       fd == -EPERM || fd == -EACCES ? EXIT_NOT_PERMITTED
								     : EXIT_FAILED,
				       "cannot watch %s for process %d: %s", hook->name,
				       (int)p->pid, strerror(-fd));
		}
		h->link[h->links++] = fd;
	}
	if (!h->links)
		return err_set(e, -EOPNOTSUPP, EXIT_FAILED,
			       "cannot watch the system calls of process %d: this kernel has no "
			       "tracepoints for them; boot one with CONFIG_FTRACE_SYSCALLS=y",
			       (int)p->pid);
	return 0;
}

void resources_detach(struct resources_probe *p, enum resources_hooks which)
{
	struct half *h = &p->half[which];

	if (h->closing || !h->links)
		return;
	if (which == RESOURCES_MAKE)
		p->loader->resource_control->window_closed = 1;
	h->closing = pthread_create(&h->closer, NULL, close_links, h) == 0;
	if (!h->closing)
		close_links(h);
}

struct account *resources_account(struct resources_probe *p)
{
	return p->account;
}

double resources_cost_ns(const struct resources_probe *p, uint64_t *hits, double *kept_ns)
{
	*hits = p->loader->resource_control->hits;
	*kept_ns = (double)p->loader->resource_control->spent_ns;
	return *kept_ns + HIT_NS * (double)*hits;
}

void resources_thin(struct resources_probe *p, uint32_t shift)
{
	if (shift > p->loader->control->shift)
		p->loader->control->shift = shift;
}
