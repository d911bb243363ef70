// SPDX-License-Identifier: Apache-2.0
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "loader.h"
#include "loader_skeleton.h"
#include "pyleak.skel.h"

/* The verifier's log: touched only when a load fails, then this much keeps its last lines. */
#define VERIFIER_LOG_MAX (16 << 20)

static void raise_file_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
		limit.rlim_cur = limit.rlim_max;
		setrlimit(RLIMIT_NOFILE, &limit);
	}
}

static void take_descriptors(struct loader *l)
{
	const struct pyleak *s = l->skeleton;

	l->watch_write = bpf_program__fd(s->progs.watch_write);
	l->watch_words = bpf_map__fd(s->maps.watch_words);
	l->watch_events = bpf_map__fd(s->maps.watch_events);
	l->gc_running = bpf_map__fd(s->maps.gc_running);
	l->gc_totals = bpf_map__fd(s->maps.gc_totals);
	l->gc_events = bpf_map__fd(s->maps.gc_events);
	l->gc_sample_events = bpf_map__fd(s->maps.gc_sample_events);
	l->gc_sampling = &s->bss->gc_sampling;
	for (int i = 0; i < PROGRAMS; i++)
		l->program[i] = bpf_program__fd(loader_program_of(s, i));
	for (int i = 0; i < HOOK_COUNT; i++)
		l->hook[i] = bpf_program__fd(loader_hook_of(s, i));
	l->lifecycle_exec = bpf_program__fd(s->progs.lifecycle_exec);
	l->live = bpf_map__fd(s->maps.live);
	l->sites = bpf_map__fd(s->maps.sites);
	l->stacks = bpf_map__fd(s->maps.stacks);
	l->control = &s->bss->account_control;
	l->window_call = bpf_program__fd(s->progs.window_call);
	l->window_return = bpf_program__fd(s->progs.window_return);
	l->window_write = bpf_program__fd(s->progs.window_write);
	l->window_blocks = bpf_map__fd(s->maps.window_blocks);
	l->window_calls = bpf_map__fd(s->maps.window_calls);
	l->sampled = bpf_map__fd(s->maps.sampled);
	l->window_samples = bpf_map__fd(s->maps.window_samples);
	l->window = &s->bss->window_control;
	l->resource_control = &s->bss->resource_control;
	l->lifecycle[0] = bpf_program__fd(s->progs.lifecycle_tell_exec);
	l->lifecycle[1] = bpf_program__fd(s->progs.lifecycle_tell_child);
	l->lifecycle[2] = bpf_program__fd(s->progs.lifecycle_tell_end);
	l->lifecycle_events = bpf_map__fd(s->maps.lifecycle_events);
	l->lifecycle_watched = bpf_map__fd(s->maps.lifecycle_watched);
	l->drops = bpf_map__fd(s->maps.drops);
}

int loader_open(struct loader *l, pid_t pid, const struct loader_parts *parts, struct err *e)
{
	LIBBPF_OPTS(bpf_object_open_opts, options, .kernel_log_size = VERIFIER_LOG_MAX);
	char *log = malloc(VERIFIER_LOG_MAX);
	int rc;

	*l = (struct loader){ .statistics = -1 };
	if (!log)
		return err_set(e, -ENOMEM, EXIT_FAILED, "no memory to load BPF programs");
	log[0] = '\0';
	options.kernel_log_buf = log;
	/* libbpf would print to standard error; what matters of it is in errno and the log. */
	libbpf_set_print(NULL);
	raise_file_limit();
	l->skeleton = pyleak__open_opts(&options);
	if (!l->skeleton) {
		rc = loader_explain(-errno, pid, log, e);
		goto out;
	}
	loader_choose(l->skeleton, parts);
	rc = pyleak__load(l->skeleton);
	if (rc) {
		rc = loader_explain(rc, pid, log, e);
		loader_close(l);
		goto out;
	}
	take_descriptors(l);
	if (!parts->account)
		l->statistics = bpf_enable_stats(BPF_STATS_RUN_TIME);
out:
	free(log);
	return rc;
}

void loader_close(struct loader *l)
{
	if (l->statistics >= 0)
		close(l->statistics);
	pyleak__destroy(l->skeleton);
	*l = (struct loader){ .statistics = -1 };
}

uint64_t loader_program_ns(const struct loader *l, int program)
{
	struct bpf_prog_info info = { 0 };
	uint32_t size = sizeof(info);

	if (l->statistics < 0 || program < 0 || bpf_obj_get_info_by_fd(program, &info, &size))
		memset(&info, 0, sizeof(info));
	return info.run_time_ns;
}

uint64_t loader_bpf_ns(const struct loader *l)
{
	struct bpf_program *program;
	uint64_t ns = 0;

	bpf_object__for_each_program(program, l->skeleton->obj)
		ns += loader_program_ns(l, bpf_program__fd(program));
	return ns;
}

struct bpf_program *loader_gc_enter(const struct loader *l)
{
	return l->skeleton->progs.gc_collect_enter;
}

struct bpf_program *loader_gc_return(const struct loader *l)
{
	return l->skeleton->progs.gc_collect_return;
}
