// SPDX-License-Identifier: Apache-2.0
#include <bpf/libbpf.h>
#include <sys/stat.h>

#include "loader.h"
#include "loader_skeleton.h"
#include "pyleak.skel.h"

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

struct bpf_program *loader_hook_of(const struct pyleak *s, int which)
{
	return bpf_object__find_program_by_name(s->obj, hook_programs[which]);
}

struct bpf_program *loader_program_of(const struct pyleak *s, int which)
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
		struct bpf_program *program = loader_program_of(s, i);

		bpf_program__set_autoload(program, account && !account->resources);
		if (account)
			bpf_program__set_expected_attach_type(
				program, programs[i].once ? account->return_attach_type
							  : account->attach_type);
	}
	for (int i = 0; i < HOOK_COUNT; i++)
		bpf_program__set_autoload(loader_hook_of(s, i), account && account->resources);
	bpf_map__set_autocreate(s->maps.resource_calls, account && account->resources);
	if (!account)
		return;
	bpf_map__set_max_entries(s->maps.live, account->live_max);
	bpf_map__set_max_entries(s->maps.sites, account->sites_max);
	s->rodata->cfg_session = account->session;
	s->rodata->cfg_timed = account->resources;
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
void loader_choose(struct pyleak *s, const struct loader_parts *parts)
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
