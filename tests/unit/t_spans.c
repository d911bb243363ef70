// SPDX-License-Identifier: Apache-2.0
/*
 * Which parts of a process can hold objects, read from real processes: our own, and a forked child,
 * whose heap the kernel shows as two maps once it grows.
 */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "../../user/heap/spans.h"

#define GROWTH (4 << 20)

static char in_bss[1 << 16];
static long in_data = 42;

static struct spans spans_of(pid_t pid)
{
	struct remote mem;
	struct spans s;

	remote_init(&mem, pid);
	assert_int_equal(spans_read(&s, &mem), 0);
	return s;
}

static enum span_kind kind_at(const struct spans *s, const void *addr)
{
	const struct span *span = spans_find(s, (uintptr_t)addr);

	assert_non_null(span);
	return span->kind;
}

static void every_kind_is_told(void **state)
{
	void *map = mmap(NULL, GROWTH, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct spans s = spans_of(getpid());

	(void)state;
	assert_ptr_not_equal(map, MAP_FAILED);
	assert_int_equal(kind_at(&s, map), SPAN_ANON);
	assert_int_equal(kind_at(&s, &in_data), SPAN_DATA);
	assert_int_equal(kind_at(&s, in_bss + sizeof(in_bss) / 2), SPAN_BSS);
	assert_int_equal(kind_at(&s, &s), SPAN_STACK);
	assert_true(spans_find(&s, s.lo) && !spans_find(&s, s.lo - 1) && !spans_find(&s, s.hi));
	for (size_t i = 1; i < s.count; i++)
		assert_true(s.span[i - 1].end <= s.span[i].start);
	spans_release(&s);
	munmap(map, GROWTH);
}

static void a_heap_that_fork_split_is_one(void **state)
{
	uint64_t brk_start = 0, brk_end = 0;
	unsigned brks = 0;
	int ready[2];
	struct spans s;
	pid_t child;
	char byte;

	(void)state;
	assert_int_equal(pipe(ready), 0);
	*(volatile char *)sbrk(GROWTH) = 1;
	child = fork();
	assert_true(child >= 0);
	if (!child) {
		*(volatile char *)sbrk(GROWTH) = 1;
		if (write(ready[1], "", 1) != 1)
			_exit(1);
		pause();
		_exit(0);
	}
	assert_int_equal(read(ready[0], &byte, 1), 1);
	s = spans_of(child);
	for (size_t i = 0; i < s.count; i++) {
		if (s.span[i].kind != SPAN_BRK)
			continue;
		brks++;
		brk_start = s.span[i].start;
		brk_end = s.span[i].end;
	}
	assert_int_equal(brks, 1);
	assert_true(brk_end - brk_start >= 2 * GROWTH);
	spans_release(&s);
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	close(ready[0]);
	close(ready[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_kind_is_told),
		cmocka_unit_test(a_heap_that_fork_split_is_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
