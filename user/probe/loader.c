// SPDX-License-Identifier: Apache-2.0
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../util/procfs.h"
#include "../util/strbuf.h"
#include "loader.h"
#include "pyleak.skel.h"

#define KERNEL_BTF "/sys/kernel/btf/vmlinux"

/* The verifier's log: touched only when a load fails, then this much keeps its last lines. */
#define VERIFIER_LOG_MAX (16 << 20)

struct capability {
	unsigned bit; /* in linux/capability.h */
	const char *name;
};

static const struct capability capabilities[] = {
	{ 38, "CAP_PERFMON" },
	{ 39, "CAP_BPF" },
};
#define CAP_SYS_ADMIN_BIT 21

/* Capabilities that this process lacks; CAP_SYS_ADMIN stands for all of them. */
static void missing_capabilities(struct strbuf *out)
{
	char status[4096];
	const char *effective;
	uint64_t have;

	if (procfs_read(getpid(), "status", status, sizeof(status)) < 0)
		return;
	effective = procfs_field(status, "CapEff");
	have = effective ? strtoull(effective, NULL, 16) : 0;
	if (have & (1ULL << CAP_SYS_ADMIN_BIT))
		return;
	for (size_t i = 0; i < sizeof(capabilities) / sizeof(capabilities[0]); i++)
		if (!(have & (1ULL << capabilities[i].bit)))
			strbuf_addf(out, "%s%s", out->len ? " and " : "", capabilities[i].name);
}

/*
 * The line of a verifier log that says what is wrong: the last but for the statistics, which begin
 * with "processed".
 */
static void verifier_complaint(struct strbuf *out, char *log)
{
	const char *best = "", *line;
	char *rest;

	for (line = strtok_r(log, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest))
		if (strncmp(line, "processed ", strlen("processed ")) &&
		    strncmp(line, "-- END", strlen("-- END")))
			best = line;
	strbuf_add(out, best);
}

/* Why did loading fail with @rc? The machine is asked, not its version. */
static int explain(int rc, pid_t pid, char *log, struct err *e)
{
	struct strbuf text;
	char array[256];

	strbuf_init(&text, array, sizeof(array));
	missing_capabilities(&text);
	if (text.len)
		return err_set(e, -EPERM, EXIT_NOT_PERMITTED,
			       "cannot load BPF programs to watch process %d: %s missing; run as "
			       "root, or grant them with setcap(8)",
			       (int)pid, array);
	if (access(KERNEL_BTF, R_OK) || rc == -ESRCH) /* libbpf: what is there is no BTF */
		return err_set(e, -EOPNOTSUPP, EXIT_FAILED,
			       "cannot watch process %d: this kernel offers no type information "
			       "(%s); boot one with CONFIG_DEBUG_INFO_BTF=y, as distributions do",
			       (int)pid, KERNEL_BTF);
	if (rc == -ENOSYS || rc == -EOPNOTSUPP)
		return err_set(e, -EOPNOTSUPP, EXIT_FAILED,
			       "cannot watch process %d: this kernel has no BPF, or not the parts "
			       "needed; boot Linux 5.10 or later",
			       (int)pid);
	if (rc == -EPERM)
		return err_set(e, rc, EXIT_NOT_PERMITTED,
			       "the kernel refused BPF programs to watch process %d though "
			       "capabilities suffice; look for a container's seccomp filter, for "
			       "/sys/kernel/security/lockdown, or before Linux 5.11 for ulimit -l",
			       (int)pid);
	verifier_complaint(&text, log);
	return err_set(e, rc, EXIT_FAILED,
		       "cannot load BPF programs to watch process %d: %s%s%s", (int)pid,
		       strerror(-rc), text.len ? "; the verifier says: " : "", array);
}

static void raise_file_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
		limit.rlim_cur = limit.rlim_max;
		setrlimit(RLIMIT_NOFILE, &limit);
	}
}

struct named_program {
	const char *name;
	bool once; /* at entry or return, never at both */
};

static const struct named_program programs[PROGRAMS] = {
	[PROGRAM_PYMALLOC_MALLOC] = { "pymalloc_malloc", false },
	[PROGRAM_PYMALLOC_CALLOC] = { "pymalloc_calloc", false },
	[PROGRAM_PYMALLOC_REALLOC] = { "pymalloc_realloc", false },
	[PROGRAM_PYMALLOC_FREE] = { "pymalloc_free", true },
	[PROGRAM_LIBC_MALLOC] = { "libc_malloc", false },
	[PROGRAM_LIBC_CALLOC] = { "libc_calloc", false },
	[PROGRAM_LIBC_REALLOC] = { "libc_realloc", false },
	[PROGRAM_LIBC_REALLOCARRAY] = { "libc_reallocarray", false },
	[PROGRAM_LIBC_POSIX_MEMALIGN] = { "libc_posix_memalign", false },
	[PROGRAM_LIBC_ALIGNED_ALLOC] = { "libc_aligned_alloc", false },
	[PROGRAM_LIBC_MMAP] = { "libc_mmap", false },
	[PROGRAM_LIBC_MREMAP] = { "libc_mremap", false },
	[PROGRAM_LIBC_FREE] = { "libc_free", true },
	[PROGRAM_POOLS_NEW] = { "pools_new", true },
	[PROGRAM_INLINED_BRANCH] = { "inlined_branch", true },
	[PROGRAM_INLINED_CALL] = { "inlined_call", true },
	[PROGRAM_INLINED_JUMP] = { "inlined_jump", true },
	[PROGRAM_ACCOUNT_RETURN] = { "account_return", true },
};

static const char *const hook_programs[HOOK_COUNT] = {
	[HOOK_DESCRIPTOR] = "resource_descriptor",
	[HOOK_FCNTL_ENTER] = "resource_fcntl_enter",
	[HOOK_FCNTL] = "resource_fcntl",
	[HOOK_PIPE_ENTER] = "resource_pipe_enter",
	[HOOK_SOCKETPAIR_ENTER] = "resource_socketpair_enter",
	[HOOK_PAIR] = "resource_pair",
	[HOOK_MMAP_ENTER] = "resource_mmap_enter",
	[HOOK_MMAP] = "resource_mmap",
	[HOOK_CLOSE] = "resource_close",
	[HOOK_MUNMAP] = "resource_munmap",
	[HOOK_THREAD] = "resource_thread",
	[HOOK_THREAD_EXIT] = "resource_thread_exit",
};

static struct bpf_program *find_hook(const struct pyleak *s, int which)
{
	return bpf_object__find_program_by_name(s->obj, hook_programs[which]);
}

static struct bpf_program *find_program(const struct pyleak *s, int which)
{
	return bpf_object__find_program_by_name(s->obj, programs[which].name);
}

/* Kernels refuse attach types they do not know, so what is not needed is not loaded. */
static void choose_account(struct pyleak *s, const struct loader_account *account)
{
	struct bpf_map *const maps[] = { s->maps.live, s->maps.sites, s->maps.stacks,
					 s->maps.threads };

	for (size_t i = 0; !account && i < sizeof(maps) / sizeof(maps[0]); i++)
		bpf_map__set_autocreate(maps[i], false);
	bpf_program__set_autoload(s->progs.lifecycle_exec, account);
	for (int i = 0; i < PROGRAMS; i++) {
		struct bpf_program *program = find_program(s, i);

		bpf_program__set_autoload(program, account && !account->resources);
		if (account)
			bpf_program__set_expected_attach_type(
				program, programs[i].once ? account->return_attach_type
								  : account->attach_type);
	}
	for (int i = 0; i < HOOK_COUNT; i++)
		bpf_program__set_autoload(find_hook(s, i), account && account->resources);
	bpf_map__set_autocreate(s->maps.resource_calls, account && account->resources);
	if (!account)
		return;
	bpf_map__set_max_entries(s->maps.live, account->live_max);
	bpf_map__set_max_entries(s->maps.sites, account->sites_max);
	s->rodata->cfg_session = account->session;
	s->rodata->cfg_stacks_max = account->sites_max - account->sites_max / 8;
	s->rodata->cfg_pool_size = account->pool_size;
}

/* Programs that run for every process compare process ids. */
static void tell_namespace(struct pyleak *s)
{
	struct stat self;

	if (stat("/proc/self/ns/pid", &self))
		return;
	s->rodata->cfg_namespace_device = self.st_dev;
	s->rodata->cfg_namespace_inode = self.st_ino;
}

static void choose_window(struct pyleak *s, const struct loader_window *window)
{
	struct bpf_map *const maps[] = { s->maps.window_calls, s->maps.window_threads,
					 s->maps.window_sites, s->maps.window_blocks,
					 s->maps.sampled,      s->maps.window_samples };

	for (size_t i = 0; !window && i < sizeof(maps) / sizeof(maps[0]); i++)
		bpf_map__set_autocreate(maps[i], false);
	bpf_program__set_autoload(s->progs.window_call, window);
	bpf_program__set_autoload(s->progs.window_return, window && !window->session);
	bpf_program__set_autoload(s->progs.window_write, window);
	if (!window)
		return;
	bpf_program__set_expected_attach_type(s->progs.window_call, window->attach_type);
	bpf_program__set_expected_attach_type(s->progs.window_return, window->return_attach_type);
	s->rodata->cfg_session = window->session;
}

static void choose_lifecycle(struct pyleak *s, bool lifecycle)
{
	bpf_program__set_autoload(s->progs.lifecycle_tell_exec, lifecycle);
	bpf_program__set_autoload(s->progs.lifecycle_tell_child, lifecycle);
	bpf_program__set_autoload(s->progs.lifecycle_tell_end, lifecycle);
	bpf_map__set_autocreate(s->maps.lifecycle_events, lifecycle);
	bpf_map__set_autocreate(s->maps.lifecycle_watched, lifecycle);
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
		l->program[i] = bpf_program__fd(find_program(s, i));
	for (int i = 0; i < HOOK_COUNT; i++)
		l->hook[i] = bpf_program__fd(find_hook(s, i));
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
	l->statistics = bpf_enable_stats(BPF_STATS_RUN_TIME);
}

static void choose_collector(struct pyleak *s, const struct gc_layout *gc)
{
	struct bpf_map *const maps[] = { s->maps.gc_running, s->maps.gc_totals, s->maps.gc_events };
	struct bpf_map *const samples[] = { s->maps.gc_samples, s->maps.gc_sample_empty,
					    s->maps.gc_sample_events };
	bool sampled = gc && gc->sample_rest;

	bpf_program__set_autoload(s->progs.gc_collect_enter, gc);
	bpf_program__set_autoload(s->progs.gc_collect_return, gc);
	for (size_t i = 0; i < sizeof(maps) / sizeof(maps[0]); i++)
		bpf_map__set_autocreate(maps[i], gc);
	for (size_t i = 0; i < sizeof(samples) / sizeof(samples[0]); i++)
		bpf_map__set_autocreate(samples[i], sampled);
	if (gc)
		s->rodata->cfg_gc = *gc;
}

/* What is not wanted is neither verified nor given memory. */
static void choose(struct pyleak *s, const struct loader_parts *parts)
{
	bpf_program__set_autoload(s->progs.watch_write, parts->watch);
	bpf_map__set_autocreate(s->maps.watch_words, parts->watch);
	bpf_map__set_autocreate(s->maps.watch_events, parts->watch);
	s->rodata->cfg_unwind = *parts->unwind;
	choose_collector(s, parts->gc);
	choose_account(s, parts->account);
	choose_window(s, parts->window);
	choose_lifecycle(s, parts->lifecycle);
	tell_namespace(s);
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
		rc = explain(-errno, pid, log, e);
		goto out;
	}
	choose(l->skeleton, parts);
	rc = pyleak__load(l->skeleton);
	if (rc) {
		rc = explain(rc, pid, log, e);
		loader_close(l);
		goto out;
	}
	take_descriptors(l);
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

uint64_t loader_program_ns(const struct loader *l, int program, uint64_t *runs)
{
	struct bpf_prog_info info = { 0 };
	uint32_t size = sizeof(info);

	if (l->statistics < 0 || program < 0 || bpf_obj_get_info_by_fd(program, &info, &size))
		memset(&info, 0, sizeof(info));
	if (runs)
		*runs = info.run_cnt;
	return info.run_time_ns;
}

uint64_t loader_bpf_ns(const struct loader *l)
{
	struct bpf_program *program;
	uint64_t ns = 0;

	bpf_object__for_each_program(program, l->skeleton->obj)
		ns += loader_program_ns(l, bpf_program__fd(program), NULL);
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
