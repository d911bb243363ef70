// SPDX-License-Identifier: Apache-2.0
/* Reads of our own memory: process_vm_readv(2) allows that to everybody. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "../../user/target/memory.h"

/* One readable page, filled with 'a', and an unreadable one behind it. */
struct pages {
	char *first;
	size_t size;
};

static int map_pages(void **state)
{
	static struct pages p;

	p.size = (size_t)sysconf(_SC_PAGESIZE);
	p.first =
		mmap(NULL, 2 * p.size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (p.first == MAP_FAILED || munmap(p.first + p.size, p.size) != 0)
		return -1;
	memset(p.first, 'a', p.size);
	*state = &p;
	return 0;
}

static int unmap_pages(void **state)
{
	struct pages *p = *state;

	return munmap(p->first, p->size);
}

static uint64_t address(const void *p)
{
	return (uint64_t)(uintptr_t)p;
}

static void reads_and_counts(void **state)
{
	struct pages *p = *state;
	uint64_t word = 0x0123456789abcdefULL, got;
	struct remote r;
	uint32_t half;

	remote_init(&r, getpid());
	assert_true(remote_u64(&r, address(&word), &got));
	assert_true(got == word);
	assert_true(remote_u32(&r, address(&word), &half));
	assert_int_equal(half, 0x89abcdef);
	assert_int_equal(r.bytes, 12);
	assert_int_equal(r.calls, 2);
	assert_false(remote_u64(&r, address(p->first + p->size), &got));
	assert_true(got == 0);
}

static void stops_at_unmapped_memory(void **state)
{
	struct pages *p = *state;
	struct remote r;
	char buf[64];

	remote_init(&r, getpid());
	assert_int_equal(remote_read_some(&r, address(p->first + p->size - 10), buf, 64), 10);
	assert_int_equal(remote_read(&r, address(p->first + p->size - 10), buf, 64), -EFAULT);
	assert_int_equal(remote_read(&r, address(p->first + p->size - 10), buf, 10), 0);
	assert_int_equal(remote_read_some(&r, address(p->first + p->size), buf, 64), -EFAULT);
	assert_int_equal(remote_read(&r, 0, buf, 1), -EFAULT);
}

static void refuses_addresses_out_of_user_space(void **state)
{
	struct remote r;
	char buf[16];

	(void)state;
	remote_init(&r, getpid());
	assert_int_equal(remote_read(&r, REMOTE_ADDR_MAX, buf, 1), -EFAULT);
	assert_int_equal(remote_read(&r, UINT64_MAX - 4, buf, 16), -EFAULT);
	assert_int_equal(remote_read(&r, REMOTE_ADDR_MAX - 8, buf, 16), -EFAULT);
	assert_int_equal(remote_read_some(&r, UINT64_MAX, buf, 0), 0);
	assert_false(remote_plausible(0));
	assert_false(remote_plausible(0x1004));
	assert_true(remote_plausible(0x1008));
	assert_false(remote_plausible(REMOTE_ADDR_MAX));
}

static void strings_end(void **state)
{
	struct pages *p = *state;
	char buf[600], small[4];
	struct remote r;

	remote_init(&r, getpid());
	strcpy(p->first + p->size - 500, "collections.OrderedDict");
	assert_int_equal(remote_cstr(&r, address(p->first + p->size - 500), buf, sizeof(buf)), 23);
	assert_string_equal(buf, "collections.OrderedDict");
	assert_int_equal(remote_cstr(&r, address(p->first + p->size - 500), small, sizeof(small)),
			 3);
	assert_string_equal(small, "col");
	memset(p->first + p->size - 500, 'b', 500);
	assert_int_equal(remote_cstr(&r, address(p->first + p->size - 300), buf, sizeof(buf)), 300);
	assert_int_equal(strlen(buf), 300);
	assert_int_equal(remote_cstr(&r, address(p->first + p->size), buf, sizeof(buf)), -EFAULT);
	assert_string_equal(buf, "");
	assert_int_equal(remote_cstr(&r, address(p->first), buf, 1), 0);
	assert_int_equal(remote_cstr(&r, address(p->first), buf, 0), -EINVAL);
}

static void a_process_that_ended_is_gone(void **state)
{
	pid_t child = fork();
	struct remote r;
	char byte;

	(void)state;
	if (child == 0)
		_exit(0);
	assert_int_equal(waitpid(child, NULL, 0), child);
	remote_init(&r, child);
	assert_int_equal(remote_read(&r, address(&byte), &byte, 1), -ESRCH);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(reads_and_counts, map_pages, unmap_pages),
		cmocka_unit_test_setup_teardown(stops_at_unmapped_memory, map_pages, unmap_pages),
		cmocka_unit_test(refuses_addresses_out_of_user_space),
		cmocka_unit_test_setup_teardown(strings_end, map_pages, unmap_pages),
		cmocka_unit_test(a_process_that_ended_is_gone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
