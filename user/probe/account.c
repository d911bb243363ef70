// SPDX-License-Identifier: Apache-2.0
#include "account.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LINKS_MAX (2 * SOURCE_PROBES_MAX * ACCOUNT_IS_COUNT)
#define PERF_PROBES_MAX 100 /* a perf event takes 100 ms to go */

static const struct source *const sources[ACCOUNT_IS_COUNT] = {
	[ACCOUNT_IS_PYMALLOC] = &source_pymalloc,
	[ACCOUNT_IS_LIBC] = &source_libc,
	[ACCOUNT_IS_POOLS] = &source_pools,
	[ACCOUNT_IS_INLINED] = &source_inlined,
};

struct account {
	struct loader loader;
	enum attach_way way;
	const struct process *process; /* borrowed, all three */
	const struct py_runtime *rt;
	const struct py_points *points;
	bool redirected;
	int exec_link; /* -1: an exec is not noticed by the kernel side */
	int link[LINKS_MAX];
	unsigned links;
	struct account_attached attached[ACCOUNT_IS_COUNT];
};

/* Sites that are no stack are always there. */
static int add_plain_sites(const struct account *a)
{
	static const uint64_t bases[] = { SITE_OVERFLOW, SITE_NATIVE };
	struct site_totals zero = { 0 };

	for (size_t i = 0; i < sizeof(bases) / sizeof(bases[0]); i++)
		for (uint64_t source = ACCOUNT_PYMALLOC; source < ACCOUNT_SOURCES; source++) {
			uint64_t site = bases[i] + source;

			if (bpf_map_update_elem(a->loader.sites, &site, &zero, BPF_ANY))
				return -errno;
		}
	return 0;
}

int account_open(struct account **out, const struct process *p, const struct py_runtime *rt,
		 const struct py_points *points, const struct account_options *options,
		 struct err *e)
{
	struct account *a = calloc(1, sizeof(*a));
	struct loader_account wanted = {
		.attach_type = attach_type(options->way),
		.return_attach_type = attach_return_type(options->way),
		.session = options->way == ATTACH_SESSION,
		.live_max = options->live_max,
		.sites_max = options->sites_max,
		.pool_size = rt->layout.facts.pool_size,
		.resources = options->resources,
	};
	struct py_unwind unwind;
	const struct loader_parts parts = { .unwind = &unwind, .account = &wanted };
	int rc;

	*out = NULL;
	if (!a)
		return err_set(e, -ENOMEM, EXIT_FAILED, "no memory to account for process %d",
			       (int)p->pid);
	a->process = p;
	a->rt = rt;
	a->points = points;
	a->way = options->way;
	a->redirected = options->redirected;
	a->exec_link = -1;
	py_runtime_unwind(rt, &unwind);
	rc = loader_open(&a->loader, p->pid, &parts, e);
	if (rc) {
		free(a);
		return rc;
	}
	rc = add_plain_sites(a);
	if (rc) {
		account_close(a);
		return err_set(e, rc, EXIT_FAILED, "cannot fill a map to account for process %d",
			       (int)p->pid);
	}
	a->loader.control->live_max = options->live_max;
	a->exec_link = bpf_raw_tracepoint_open("sched_process_exec", a->loader.lifecycle_exec);
	*out = a;
	return 0;
}

void account_close(struct account *a)
{
	if (!a)
		return;
	account_detach(a);
	if (a->exec_link >= 0)
		close(a->exec_link);
	loader_close(&a->loader);
	free(a);
}

static int attach_one(struct account *a, const struct source_probe *p, enum loader_program program,
		      enum attach_at at)
{
	int link = attach_probe(a->way, a->loader.program[program], p->path, p->offset,
				a->process->pid, at);

	if (link < 0)
		return link;
	a->link[a->links++] = link;
	return 0;
}

/* The return first: an entry without one would be taken for a call in progress. */
static int attach_both(struct account *a, const struct source_probe *p)
{
	int rc;

	if (p->returns)
		return attach_one(a, p, p->program, ATTACH_RETURN);
	if (!p->allocates)
		return attach_one(a, p, p->program, ATTACH_ENTRY);
	if (a->way == ATTACH_SESSION)
		return attach_one(a, p, p->program, ATTACH_BOTH);
	rc = attach_one(a, p, PROGRAM_ACCOUNT_RETURN, ATTACH_RETURN);
	return rc ? rc : attach_one(a, p, p->program, ATTACH_ENTRY);
}

static void close_links(struct account *a, unsigned from)
{
	while (a->links > from)
		close(a->link[--a->links]);
}

/* How many from the @first on one link can serve: one program, run once, in one file. */
static unsigned run_of(const struct account *a, const struct source_probes *probes, unsigned first)
{
	const struct source_probe *p = &probes->probe[first];
	unsigned count = 1;

	if (a->way == ATTACH_PERF || p->returns || p->allocates)
		return 1;
	while (first + count < probes->count && p[count].program == p->program &&
	       !p[count].returns && !p[count].allocates && strcmp(p[count].path, p->path) == 0)
		count++;
	return count;
}

static int exit_for(int rc)
{
	if (rc == -ESRCH)
		return EXIT_TARGET_GONE;
	return rc == -EPERM || rc == -EACCES ? EXIT_NOT_PERMITTED : EXIT_FAILED;
}

static int attach_run(struct account *a, const struct source_probe *p, unsigned count)
{
	uint64_t offset[SOURCE_PROBES_MAX];
	int link;

	if (count == 1)
		return attach_both(a, p);
	for (unsigned i = 0; i < count; i++)
		offset[i] = p[i].offset;
	link = attach_probes(a->way, a->loader.program[p->program], p->path, offset, count,
			     a->process->pid, ATTACH_ENTRY);
	if (link < 0)
		return link;
	a->link[a->links++] = link;
	return 0;
}

static int attach_all(struct account *a, const struct source_probes *probes,
		      struct account_attached *attached, struct err *e)
{
	unsigned count;
	int rc = 0;

	if (a->way == ATTACH_PERF && probes->count > PERF_PROBES_MAX) {
		snprintf(attached->why, sizeof(attached->why),
			 "%u probes would take a minute to go away: the kernel has no "
			 "uprobe_multi",
			 probes->count);
		return 0;
	}
	for (unsigned i = 0; i < probes->count && !rc; i += count) {
		count = run_of(a, probes, i);
		rc = attach_run(a, &probes->probe[i], count);
		if (rc)
			err_set(e, rc, exit_for(rc), "cannot probe %s of process %d by %s: %s",
				probes->probe[i].function, (int)a->process->pid,
				attach_name(a->way), strerror(-rc));
	}
	attached->probes = probes->count;
	for (unsigned i = 0; i < probes->count; i++)
		attached->dear += !probes->probe[i].emulated;
	return rc;
}

int account_attach(struct account *a, enum account_sources which, struct err *e)
{
	struct account_attached *attached = &a->attached[which];
	struct source_target target = { a->process, a->rt, a->points, NULL, a->redirected };
	struct source_probes *probes = malloc(sizeof(*probes));
	unsigned before = a->links;
	struct maps maps;
	int rc = probes ? maps_read(&maps, a->process->pid) : -ENOMEM;

	*attached = (struct account_attached){ .source = sources[which] };
	if (rc) {
		free(probes);
		return err_set(e, rc, exit_for(rc), "cannot read the memory map of process %d: %s",
			       (int)a->process->pid, strerror(-rc));
	}
	target.maps = &maps;
	sources[which]->points(&target, probes);
	memcpy(attached->why, probes->why, sizeof(attached->why));
	rc = attach_all(a, probes, attached, e);
	if (rc) {
		close_links(a, before);
		attached->probes = attached->dear = 0;
	}
	maps_release(&maps);
	free(probes);
	return rc;
}

void account_detach(struct account *a)
{
	close_links(a, 0);
}

const struct account_attached *account_attached(const struct account *a, enum account_sources which)
{
	return &a->attached[which];
}

void account_predict(struct account *a, uint64_t usedpools)
{
	a->loader.control->usedpools = usedpools;
}

enum attach_way account_way(const struct account *a)
{
	return a->way;
}

uint32_t account_shift(const struct account *a)
{
	return a->loader.control->shift;
}

void account_swept(struct account *a, uint32_t shift, uint64_t removed)
{
	__atomic_fetch_sub(&a->loader.control->live, removed, __ATOMIC_RELAXED);
	a->loader.control->swept_shift = shift;
}

bool account_stopped(const struct account *a)
{
	return a->loader.control->stopped;
}

void account_stats(const struct account *a, struct account_stats *out)
{
	*out = (struct account_stats){ .hits = a->loader.control->hits };
	for (uint32_t reason = 0; reason < DROP_REASONS; reason++)
		bpf_map_lookup_elem(a->loader.drops, &reason, &out->dropped[reason]);
}

const struct loader *account_loader(const struct account *a)
{
	return &a->loader;
}

struct account_maps account_maps(const struct account *a)
{
	return (struct account_maps){ a->loader.live, a->loader.sites, a->loader.stacks };
}
