// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "../../user/target/footprint.h"

#define MIB (1024 * 1024)

/* A map of @bytes, every page written. */
static void *fill(size_t bytes, int flags, int fd)
{
	void *area = mmap(NULL, bytes, PROT_READ | PROT_WRITE, flags, fd, 0);

	if (area == MAP_FAILED)
		_exit(70);
	memset(area, 1, bytes);
	return area;
}

static void *use_stack(void *fd)
{
	volatile char deep[2 * MIB];

	for (size_t i = 0; i < sizeof(deep); i += 1024)
		deep[i] = 1;
	if (write(*(int *)fd, "", 1) != 1)
		_exit(71);
	for (;;)
		pause();
	return NULL;
}

/* A child that does @what and says so before it waits. */
static pid_t start(void (*what)(int fd))
{
	int pipes[2];
	pid_t child;
	char byte;

	assert_int_equal(pipe(pipes), 0);
	child = fork();
	if (child == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		what(pipes[1]);
		if (write(pipes[1], "", 1) != 1)
			_exit(72);
		for (;;)
			pause();
	}
	close(pipes[1]);
	assert_int_equal(read(pipes[0], &byte, 1), 1);
	close(pipes[0]);
	return child;
}

static void stop(pid_t child)
{
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
}

static struct footprint footprint_of(pid_t pid)
{
	struct footprint f;
	struct process p;

	assert_int_equal(process_open(&p, pid, NULL), 0);
	assert_int_equal(footprint_read(&f, &p), 0);
	process_close(&p);
	return f;
}

static void nothing(int fd)
{
	(void)fd;
}

static void anonymous(int fd)
{
	(void)fd;
	fill(8 * MIB, MAP_PRIVATE | MAP_ANONYMOUS, -1);
}

static void shared(int fd)
{
	int mem = memfd_create("shared", 0);

	(void)fd;
	if (ftruncate(mem, 4 * MIB) != 0)
		_exit(73);
	fill(4 * MIB, MAP_SHARED, mem);
	fill(3 * MIB, MAP_SHARED | MAP_ANONYMOUS, -1);
}

static void thread(int fd)
{
	static int to;
	pthread_t id;

	to = fd;
	if (pthread_create(&id, NULL, use_stack, &to) != 0)
		_exit(74);
	for (;;)
		pause();
}

/* Did @part grow by @mib MiB, give or take half of one? */
static void assert_grew(int64_t before, int64_t after, int mib)
{
	assert_true(before >= 0);
	assert_in_range((after - before + MIB / 2) / MIB, mib, mib);
}

static void parts_are_told_apart(void **state)
{
	pid_t idle = start(nothing), child = start(anonymous);
	struct footprint base = footprint_of(idle), f = footprint_of(child);

	(void)state;
	assert_true(base.rss > 0 && base.file > 0 && base.thread_stacks > 0);
	assert_true(base.pss > 0 && base.pss < base.rss && base.uss > 0 && base.uss <= base.pss);
	assert_true(base.file + base.shmem + base.thread_stacks <= base.rss);
	assert_int_equal(base.shmem, 0);
	assert_true(base.python_live == UNKNOWN && base.native_free == UNKNOWN &&
		    base.other == UNKNOWN);
	assert_grew(base.rss, f.rss, 8);
	assert_grew(base.uss, f.uss, 8);
	assert_grew(base.file, f.file, 0);
	assert_grew(base.thread_stacks, f.thread_stacks, 0);
	stop(child);

	child = start(shared);
	f = footprint_of(child);
	assert_grew(base.rss, f.rss, 7);
	assert_grew(base.shmem, f.shmem, 7);
	assert_grew(base.file, f.file, 0);
	stop(child);

	child = start(thread);
	f = footprint_of(child);
	assert_grew(base.thread_stacks, f.thread_stacks, 2);
	stop(child);
	stop(idle);
}

static void a_process_that_ended_has_none(void **state)
{
	pid_t child = start(nothing);
	struct footprint f;
	struct process p;

	(void)state;
	assert_int_equal(process_open(&p, child, NULL), 0);
	kill(child, SIGKILL);
	waitid(P_PID, (id_t)child, &(siginfo_t){ 0 }, WEXITED | WNOWAIT);
	assert_int_equal(footprint_read(&f, &p), -ESRCH); /* a zombie */
	waitpid(child, NULL, 0);
	assert_int_equal(footprint_read(&f, &p), -ESRCH);
	process_close(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(parts_are_told_apart),
		cmocka_unit_test(a_process_that_ended_has_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
