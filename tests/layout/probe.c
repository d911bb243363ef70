// SPDX-License-Identifier: Apache-2.0
/*
 * probe PID: open the CPython of a process and print what was found as NAME VALUE lines, for
 * tests/layout/run to compare with what the process says of itself. Where it is refused: the text
 * on standard error, and the exit code of pyleak.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "../../user/cpython/runtime.h"
#include "../../user/cpython/walk.h"

struct count {
	const struct py_runtime *rt;
	struct remote *mem;
	unsigned int interpreters, threads;
};

static void count_thread(void *arg, uint64_t thread)
{
	(void)thread;
	((struct count *)arg)->threads++;
}

static void count_interpreter(void *arg, uint64_t interp)
{
	struct count *c = arg;

	c->interpreters++;
	py_threads(&c->rt->layout, c->mem, interp, count_thread, c);
}

static void print(const struct py_runtime *rt, struct remote *mem)
{
	struct count c = {.rt = rt, .mem = mem};
	struct py_unwind unwind;

	py_interpreters(rt, mem, count_interpreter, &c);
	py_runtime_unwind(rt, &unwind);
	printf("hexversion 0x%08" PRIx32 "\n", rt->layout.version_hex);
	printf("version %d.%d.%d\n", rt->layout.major, rt->layout.minor, rt->layout.micro);
	printf("runtime 0x%" PRIx64 "\n", rt->address);
	printf("type 0x%" PRIx64 "\n", rt->type_type);
	printf("image %s\n", rt->image);
	printf("range 0x%" PRIx64 "-0x%" PRIx64 "\n", rt->image_start, rt->image_end);
	printf("build_id %s\n", rt->build_id);
	printf("build %s\n", rt->build);
	printf("interpreters %u\n", c.interpreters);
	printf("threads %u\n", c.threads);
	printf("native_ids %d\n", rt->native_ids);
	printf("thread_by %" PRIu32 "\n", unwind.thread_by);
	printf("tss_key %" PRIu32 "\n", rt->tss_key);
	printf("generations %d\n", py_has(rt->layout.gc_generations));
	printf("verified %s\n", rt->verified);
	printf("bytes_read %" PRIu64 "\n", mem->bytes);
}

int main(int argc, char **argv)
{
	struct err e = {0};
	struct py_runtime rt;
	struct process p;
	struct remote mem;
	pid_t pid = argc == 2 ? (pid_t)strtol(argv[1], NULL, 10) : 0;

	if (process_open(&p, pid, &e)) {
		fprintf(stderr, "%s\n", e.text);
		return (int)e.exit;
	}
	remote_init(&mem, pid);
	if (py_runtime_open(&rt, &p, &mem, &e))
		fprintf(stderr, "%s\n", e.text);
	else
		print(&rt, &mem);
	process_close(&p);
	return (int)e.exit;
}
