// SPDX-License-Identifier: Apache-2.0
#include "windows.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PYMALLOC_MOST 512 /* bytes; more is malloc's, and counted there */
#define WINDOW_NS 25e6 /* shorter windows take longer to put on and off */
#define PERF_DETACH_NS 100e6 /* a perf event */
#define LINKS_MAX (2 * SOURCE_PROBES_MAX)

/* Where a mapping is one block of malloc's, what comes before it: glibc's malloc/malloc.c. */
#define CHUNK_HEADER 16

/*
 * The most that a hit and a sample take in our programs, on slow machines: what the kernel measures
 * beyond is time in which the thread had lost its CPU. Also the answer where it does not tell
 * (bpf_enable_stats(2) is not permitted).
 */
#define HIT_NS 1000
#define KEPT_NS 20000

static const struct {
	const char *name;
	const struct source *source;
} sources[WINDOW_SOURCES] = {
	[WINDOW_MMAP] = { "mmap", &source_libc },
	[WINDOW_LIBC] = { "libc", &source_libc },
	[WINDOW_PYMALLOC] = { "pymalloc", &source_pymalloc },
	[WINDOW_BLOCKS] = { "blocks", NULL },
};

/* How the functions that sources name are called; those that are absent are not sampled. */
static const struct window_call calls[WINDOW_SOURCES][PROGRAMS] = {
	[WINDOW_MMAP] = {
		[PROGRAM_LIBC_MMAP] = { ACCOUNT_MMAP, 0, 1, .size_at = 2,
					.header = CHUNK_HEADER },
		[PROGRAM_LIBC_MREMAP] = { ACCOUNT_MMAP, 0, 1, .size_at = 3, .block_at = 1,
					  .header = CHUNK_HEADER },
		[PROGRAM_LIBC_FREE] = { ACCOUNT_MMAP, .block_at = 1, .header = CHUNK_HEADER },
	},
	[WINDOW_LIBC] = {
		[PROGRAM_LIBC_MALLOC] = { ACCOUNT_LIBC, 0, 1, .size_at = 1 },
		[PROGRAM_LIBC_CALLOC] = { ACCOUNT_LIBC, 0, 1, .size_at = 1, .count_at = 2 },
		[PROGRAM_LIBC_REALLOC] = { ACCOUNT_LIBC, 0, 1, .size_at = 2, .block_at = 1 },
		[PROGRAM_LIBC_REALLOCARRAY] = { ACCOUNT_LIBC, 0, 1, .size_at = 2, .count_at = 3,
						.block_at = 1 },
		[PROGRAM_LIBC_POSIX_MEMALIGN] = { ACCOUNT_LIBC, 0, 1, .size_at = 3,
						  .result_at = 1 },
		[PROGRAM_LIBC_ALIGNED_ALLOC] = { ACCOUNT_LIBC, 0, 1, .size_at = 2 },
		[PROGRAM_LIBC_FREE] = { ACCOUNT_LIBC, .block_at = 1 },
	},
	[WINDOW_PYMALLOC] = {
		[PROGRAM_PYMALLOC_MALLOC] = { ACCOUNT_PYMALLOC, PYMALLOC_MOST, 1, .size_at = 2 },
		[PROGRAM_PYMALLOC_CALLOC] = { ACCOUNT_PYMALLOC, PYMALLOC_MOST, 1, .size_at = 2,
					      .count_at = 3 },
		[PROGRAM_PYMALLOC_REALLOC] = { ACCOUNT_PYMALLOC, PYMALLOC_MOST, 1, .size_at = 3,
					       .block_at = 2 },
		[PROGRAM_PYMALLOC_FREE] = { ACCOUNT_PYMALLOC, .block_at = 2 },
	},
};

struct probed {
	struct source_probes probes;
	int link[LINKS_MAX];
	unsigned links;
	pthread_t closer[LINKS_MAX]; /* threads that take links off */
	unsigned closers;
};

struct windows {
	struct loader loader;
	enum attach_way way;
	const struct process *process;	      /* borrowed */
	struct probed source[WINDOW_SOURCES]; /* of "blocks" only why there is nothing to watch */
	struct block_watch blocks;
	unsigned blocks_most, writes_most; /* of its next window */
};

static bool is_sampled(enum window_source which, const struct source_probe *p)
{
	return p->address && calls[which][p->program].source &&
	       p->maps_memory == (which == WINDOW_MMAP);
}

/* What is called for every small block must be cheap. */
static bool are_dear(const struct source_probes *found)
{
	for (unsigned i = 0; i < found->count; i++)
		if (!found->probe[i].emulated)
			return true;
	return false;
}

/* Of the functions that were found those that the source samples; programs are told of them. */
static int take_places(struct windows *w, enum window_source which)
{
	struct source_probes *found = &w->source[which].probes;
	unsigned kept = 0;

	if (which == WINDOW_PYMALLOC && are_dear(found)) {
		found->count = 0;
		snprintf(found->why, sizeof(found->why),
			 "its functions begin with instructions that are dear to probe");
	}
	for (unsigned i = 0; i < found->count; i++) {
		struct window_call call = calls[which][found->probe[i].program];

		if (!is_sampled(which, &found->probe[i]))
			continue;
		call.stepped = !found->probe[i].emulated;
		if (bpf_map_update_elem(w->loader.window_calls, &found->probe[i].address, &call,
					BPF_ANY))
			return -errno;
		found->probe[kept] = found->probe[i];
		found->probe[kept++].allocates = call.allocates;
	}
	found->count = kept;
	if (!kept && !found->why[0])
		snprintf(found->why, sizeof(found->why), "none of its functions is there");
	return 0;
}

/* Sources of one family, which lie beside each other, are found in one search. */
static int find_places(struct windows *w, const struct source_target *target)
{
	int rc = 0;

	for (unsigned which = 0; which < WINDOW_SOURCES; which++) {
		const struct source *source = sources[which].source;

		if (source && which && source == sources[which - 1].source)
			w->source[which].probes = w->source[which - 1].probes;
		else if (source)
			source->points(target, &w->source[which].probes);
	}
	for (unsigned which = 0; which < WINDOW_SOURCES && !rc; which++)
		if (sources[which].source)
			rc = take_places(w, which);
	return rc;
}

int windows_open(struct windows **out, const struct process *p, const struct py_runtime *rt,
		 const struct py_points *points, struct err *e)
{
	enum attach_way way = attach_best();
	const struct loader_window wanted = { .attach_type = attach_type(way),
					      .return_attach_type = attach_return_type(way),
					      .session = way == ATTACH_SESSION };
	struct source_target target = { .process = p, .rt = rt, .points = points };
	struct windows *w = calloc(1, sizeof(*w));
	struct py_unwind unwind;
	const struct loader_parts parts = { .unwind = &unwind, .window = &wanted };
	struct maps maps = { 0 };
	int rc;

	*out = NULL;
	if (!w)
		return err_set(e, -ENOMEM, EXIT_FAILED, "no memory to sample process %d",
			       (int)p->pid);
	w->process = p;
	w->way = way;
	py_runtime_unwind(rt, &unwind);
	rc = loader_open(&w->loader, p->pid, &parts, e);
	if (rc) {
		free(w);
		return rc;
	}
	rc = maps_read(&maps, p->pid);
	target.maps = &maps;
	if (!rc)
		rc = find_places(w, &target);
	maps_release(&maps);
	block_watch_init(&w->blocks, p, &rt->layout, w->loader.window_write,
			 w->loader.window_blocks);
	if (rc) {
		windows_close(w);
		return err_set(e, rc, EXIT_FAILED, "cannot find where to sample process %d: %s",
			       (int)p->pid, strerror(-rc));
	}
	windows_keep(w, 1);
	windows_allow(w, 0);
	*out = w;
	return 0;
}

/* Until all links are off that were being taken off. */
static void wait_closers(struct probed *s)
{
	while (s->closers)
		pthread_join(s->closer[--s->closers], NULL);
}

void windows_close(struct windows *w)
{
	if (!w)
		return;
	for (unsigned which = 0; which < WINDOW_SOURCES; which++)
		windows_detach(w, which);
	for (unsigned which = 0; which < WINDOW_SOURCES; which++)
		wait_closers(&w->source[which]);
	loader_close(&w->loader);
	free(w);
}

const char *windows_name(enum window_source which)
{
	return sources[which].name;
}

const char *windows_missing(const struct windows *w, enum window_source which)
{
	const struct source_probes *probes = &w->source[which].probes;

	if (which == WINDOW_BLOCKS && !probes->why[0] && !w->blocks.kinds)
		return "nothing that pymalloc hands out has been seen to stay";
	return probes->count ? "" : probes->why;
}

/* A link for probes of one file; of perf events one for each. */
static int attach_file(struct windows *w, struct probed *s, int program, enum attach_at at,
		       const char *path, const uint64_t *offsets, unsigned count)
{
	unsigned step = w->way == ATTACH_PERF ? 1 : count;

	for (unsigned i = 0; i < count; i += step) {
		int link = attach_probes(w->way, program, path, offsets + i, step, w->process->pid,
					 at);

		if (link < 0)
			return link;
		s->link[s->links++] = link;
	}
	return 0;
}

/* One program on the probes of each file, all or only those on what allocates. */
static int attach_files(struct windows *w, struct probed *s, int program, enum attach_at at)
{
	const struct source_probes *all = &s->probes;
	bool done[SOURCE_PROBES_MAX] = { false };
	int rc = 0;

	for (unsigned first = 0; first < all->count && !rc; first++) {
		uint64_t offsets[SOURCE_PROBES_MAX];
		unsigned count = 0;

		for (unsigned i = first; i < all->count; i++) {
			if (done[i] || strcmp(all->probe[i].path, all->probe[first].path) != 0)
				continue;
			done[i] = true;
			if (at != ATTACH_RETURN || all->probe[i].allocates)
				offsets[count++] = all->probe[i].offset;
		}
		if (count)
			rc = attach_file(w, s, program, at, all->probe[first].path, offsets, count);
	}
	return rc;
}

void windows_leave_out(struct windows *w, enum window_source which, const char *why)
{
	struct source_probes *probes = &w->source[which].probes;

	probes->count = 0;
	snprintf(probes->why, sizeof(probes->why), "%s", why);
}

void windows_want(struct windows *w, const struct block_kind *kind, unsigned count)
{
	block_watch_want(&w->blocks, kind, count);
}

void windows_allow_blocks(struct windows *w, unsigned blocks, unsigned writes)
{
	w->blocks_most = blocks;
	w->writes_most = writes;
}

void windows_limit_blocks(struct windows *w)
{
	block_watch_limit(&w->blocks);
}

static void forget_block(void *arg, uint64_t block)
{
	bpf_map_delete_elem(((struct windows *)arg)->loader.sampled, &block);
}

void windows_forget_spoilt(struct windows *w)
{
	block_watch_spoilt(&w->blocks, forget_block, w);
}

static int attach_blocks(struct windows *w)
{
	int rc = block_watch_arm(&w->blocks, w->blocks_most, w->writes_most);
	char why[80];

	snprintf(why, sizeof(why), "blocks cannot be watched: %s", strerror(-rc));
	if (rc)
		windows_leave_out(w, WINDOW_BLOCKS, why);
	return rc;
}

int windows_attach(struct windows *w, enum window_source which)
{
	struct probed *s = &w->source[which];
	int rc;

	if (which == WINDOW_BLOCKS)
		return attach_blocks(w);
	if (s->links)
		return 0;
	rc = attach_files(w, s, w->loader.window_call,
			  w->way == ATTACH_SESSION ? ATTACH_BOTH : ATTACH_ENTRY);
	if (!rc && w->way != ATTACH_SESSION)
		rc = attach_files(w, s, w->loader.window_return, ATTACH_RETURN);
	if (rc)
		windows_detach(w, which);
	return rc;
}

static void *close_link(void *arg)
{
	close((int)(intptr_t)arg);
	return NULL;
}

/*
 * The kernel takes the breakpoints out at once and then waits until nobody can be in a program any
 * more. So that this goes on for all links at the same time each has a thread to wait in.
 */
void windows_detach(struct windows *w, enum window_source which)
{
	struct probed *s = &w->source[which];

	if (which == WINDOW_BLOCKS)
		block_watch_disarm(&w->blocks);
	wait_closers(s);
	for (unsigned i = 0; i < s->links; i++) {
		void *link = (void *)(intptr_t)s->link[i];

		if (pthread_create(&s->closer[s->closers], NULL, close_link, link))
			close_link(link);
		else
			s->closers++;
	}
	s->links = 0;
}

double windows_least_ns(const struct windows *w)
{
	return w->way == ATTACH_PERF ? WINDOW_NS + 2 * PERF_DETACH_NS : WINDOW_NS;
}

bool windows_attached(const struct windows *w, enum window_source which)
{
	return which == WINDOW_BLOCKS ? w->blocks.armed : w->source[which].links;
}

enum attach_way windows_way(const struct windows *w)
{
	return w->way;
}

static uint64_t chance_of(double chance)
{
	return chance >= 1 ? WINDOW_CERTAIN : (uint64_t)(chance * (double)WINDOW_CERTAIN) + 1;
}

void windows_keep(struct windows *w, double per_byte)
{
	w->loader.window->chance_per_byte = chance_of(per_byte);
}

void windows_allow(struct windows *w, uint64_t samples)
{
	w->loader.window->kept_most = w->loader.window->kept + samples;
}

void windows_stats(const struct windows *w, struct windows_stats *out)
{
	const volatile struct window_control *c = w->loader.window;

	*out = (struct windows_stats){ .allocations = c->allocations,
				       .kept = c->kept,
				       .frees = c->frees,
				       .stepped = c->stepped,
				       .writes = c->writes };
	out->program_ns = loader_program_ns(&w->loader, w->loader.window_call) +
			  loader_program_ns(&w->loader, w->loader.window_return) +
			  loader_program_ns(&w->loader, w->loader.window_write);
	for (uint32_t reason = 0; reason < DROP_REASONS; reason++)
		bpf_map_lookup_elem(w->loader.drops, &reason, &out->dropped[reason]);
}

double windows_cost_ns(const struct windows *w, const struct windows_stats *s,
		       const struct trap_cost *trap)
{
	uint64_t returns = w->way == ATTACH_SESSION ? s->kept : s->allocations;
	uint64_t hits = s->allocations + s->frees;
	double most = (double)(hits + s->writes) * HIT_NS + (double)s->kept * KEPT_NS;
	double programs = s->program_ns ? fmin((double)s->program_ns, most) : most;

	return HITS_BESIDE *
	       ((double)(hits - s->stepped) * trap->emulated_ns +
		(double)s->stepped * trap->stepped_ns + (double)returns * trap->return_ns +
		(double)s->writes * trap->watch_ns + programs);
}

struct windows_maps windows_maps(const struct windows *w)
{
	return (struct windows_maps){ w->loader.sampled, w->loader.window_samples };
}
