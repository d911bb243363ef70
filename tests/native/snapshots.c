// SPDX-License-Identifier: Apache-2.0
/*
 * usage: snapshots PID LEAST MOST SECONDS STACKS [FILE]
 *
 * Takes a snapshot wherever the process asks malloc for LEAST to MOST bytes, until SECONDS are over
 * or there were STACKS of them, and prints each through the product's own modules:
 *
 *	stack SIZE END DEPTH FRAME < FRAME < ...	(innermost first; FILE:FUNCTION:LINE)
 *
 * then what it cost. With FILE, a return probe is on leak_middle of the file whose name begins so:
 * its return address is not on the stack then.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "../../user/cpython/runtime.h"
#include "../../user/elf/image.h"
#include "../../user/symbolize/native.h"
#include "../../user/target/open_image.h"
#include "snapshot.skel.h"

struct seen {
	struct native *native;
	struct pyframes *pyframes;
	unsigned stacks, most;
	double seconds, first_seconds;
};

static double cpu_seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static int print_stack(void *arg, void *data, size_t size)
{
	struct seen *seen = arg;
	const struct native_snapshot *s = data;
	struct native_stack native;
	struct stack stack;
	double before = cpu_seconds(), took;

	if (size < sizeof(*s) || seen->stacks >= seen->most)
		return 0;
	native_merge(seen->native, s, seen->pyframes, &stack);
	took = cpu_seconds() - before;
	seen->seconds += took;
	if (!seen->stacks++)
		seen->first_seconds = took;
	native_unwind(seen->native, s, &native);
	printf("stack %llu %d %u ", (unsigned long long)s->cookie, (int)native.end, native.depth);
	for (uint32_t i = 0; i < stack.depth; i++) {
		const struct frame *f = &stack.frame[i];

		printf("%s%s:%s:%d", i ? " < " : "", base_name(f->file), f->function, f->line);
	}
	printf("\n");
	return 0;
}

/* Put @program on @symbol of the mapped file whose name begins with @file. */
static int attach(struct bpf_program *program, const struct process *process, const char *file,
		  const char *symbol, bool returns, struct bpf_link **link)
{
	LIBBPF_OPTS(bpf_uprobe_opts, options, .retprobe = returns);
	struct image_symbol found;
	struct err e = { 0 };
	struct maps maps;
	int rc = -ENOENT;

	if (maps_read(&maps, process->pid))
		return -ENOENT;
	for (size_t i = 0; i < maps.count && rc == -ENOENT; i++) {
		const struct map *m = &maps.map[i];
		struct image *img;
		char path[400];

		if (!(m->prot & MAP_X) || strncmp(base_name(m->path), file, strlen(file)) != 0 ||
		    image_open_target(&img, process, m, &e))
			continue;
		if (image_symbol(img, symbol, &found) == 0) {
			uint64_t bias = 0;

			image_bias(img, m->start, m->offset, &bias);
			snprintf(path, sizeof(path), "/proc/%d/map_files/%llx-%llx",
				 (int)process->pid, (unsigned long long)m->start,
				 (unsigned long long)m->end);
			*link = bpf_program__attach_uprobe_opts(
				program, process->pid, path,
				found.value + bias - m->start + m->offset, &options);
			rc = *link ? 0 : -errno;
		}
		image_close(img);
	}
	maps_release(&maps);
	return rc;
}

static int load(struct snapshot **out, const struct process *process, const struct py_runtime *rt,
		char **argv)
{
	struct snapshot *s = snapshot__open();
	int rc;

	if (!s)
		return -errno;
	*out = s;
	py_runtime_unwind(rt, &s->rodata->cfg_unwind);
	s->rodata->cfg_least = strtoull(argv[2], NULL, 0);
	s->rodata->cfg_most = strtoull(argv[3], NULL, 0);
	rc = snapshot__load(s);
	if (rc)
		return rc;
	if (argv[6]) {
		rc = attach(s->progs.snapshot_return, process, argv[6], "leak_middle", true,
			    &s->links.snapshot_return);
		if (rc)
			return rc;
	}
	return attach(s->progs.snapshot_malloc, process, "libc", "malloc", false,
		      &s->links.snapshot_malloc);
}

static void print_cost(const struct seen *seen, const struct snapshot *s)
{
	struct bpf_prog_info info = { 0 };
	uint32_t size = sizeof(info);
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	bpf_obj_get_info_by_fd(bpf_program__fd(s->progs.snapshot_malloc), &info, &size);
	printf("cost stacks %u first_us %.0f next_us %.1f bpf_runs %llu bpf_ns %llu rss_kib %ld\n",
	       seen->stacks, 1e6 * seen->first_seconds,
	       seen->stacks > 1 ? 1e6 * (seen->seconds - seen->first_seconds) / (seen->stacks - 1) :
				  0,
	       (unsigned long long)info.run_cnt,
	       (unsigned long long)(info.run_cnt ? info.run_time_ns / info.run_cnt : 0),
	       usage.ru_maxrss);
}

static int watch(const struct process *process, char **argv, struct err *e)
{
	struct seen seen = { .most = (unsigned)atoi(argv[5]) };
	time_t end = time(NULL) + atoi(argv[4]);
	struct snapshot *programs = NULL;
	struct ring_buffer *ring = NULL;
	int statistics = bpf_enable_stats(BPF_STATS_RUN_TIME);
	struct py_runtime runtime;
	struct remote memory;
	int rc;

	remote_init(&memory, process->pid);
	rc = py_runtime_open(&runtime, process, &memory, e);
	if (rc)
		return rc;
	rc = native_new(&seen.native, process, &runtime);
	seen.pyframes = pyframes_new(&runtime.layout, &memory);
	if (!rc)
		rc = load(&programs, process, &runtime, argv);
	if (!rc)
		ring = ring_buffer__new(bpf_map__fd(programs->maps.snapshots), print_stack, &seen,
					NULL);
	if (!ring) {
		err_set(e, rc, EXIT_FAILED, "cannot watch: %s", strerror(-rc));
		goto out;
	}
	while (seen.stacks < seen.most && time(NULL) < end && process_alive(process)) {
		native_refresh(seen.native);
		ring_buffer__consume(ring);
		nanosleep(&(struct timespec){ .tv_nsec = 50000000 }, NULL);
	}
	print_cost(&seen, programs);
out:
	if (statistics >= 0)
		close(statistics);
	ring_buffer__free(ring);
	snapshot__destroy(programs);
	pyframes_free(seen.pyframes);
	native_free(seen.native);
	return rc;
}

int main(int argc, char **argv)
{
	struct err e = { 0 };
	struct process process;
	int rc;

	if (argc < 6) {
		fprintf(stderr, "usage: snapshots PID LEAST MOST SECONDS STACKS [FILE]\n");
		return EXIT_USAGE;
	}
	rc = process_open(&process, atoi(argv[1]), &e);
	if (rc == 0) {
		rc = watch(&process, argv, &e);
		process_close(&process);
	}
	if (rc)
		fprintf(stderr, "snapshots: %s\n", e.text);
	return e.exit;
}
