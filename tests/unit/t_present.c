// SPDX-License-Identifier: Apache-2.0
/* Pages of our own: pagemap shows presence without privilege, page frame numbers only with it. */
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "../../user/target/present.h"

#define RUNS_MAX 64

struct seen {
	uint64_t base, page;
	unsigned count, stop_after;
	uint64_t pages;
	struct {
		uint64_t first, pages;
		bool swapped;
	} run[RUNS_MAX];
};

static int see(void *arg, uint64_t start, uint64_t end, bool swapped)
{
	struct seen *s = arg;

	assert_true(end > start);
	if (s->count < RUNS_MAX) {
		s->run[s->count].first = (start - s->base) / s->page;
		s->run[s->count].pages = (end - start) / s->page;
		s->run[s->count].swapped = swapped;
	}
	s->pages += (end - start) / s->page;
	s->count++;
	return s->count == s->stop_after ? 7 : 0;
}

static char *reserve(size_t bytes)
{
	char *area = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	assert_true(area != MAP_FAILED);
	madvise(area, bytes, MADV_NOHUGEPAGE);
	return area;
}

static void touched_pages_are_runs(void **state)
{
	uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
	static const unsigned touch[] = { 1, 2, 3, 10, 63, 64 };
	char *area = reserve(100 * page);
	struct seen s = { .base = (uint64_t)(uintptr_t)area, .page = page };
	struct present *p;

	for (size_t i = 0; i < sizeof(touch) / sizeof(touch[0]); i++)
		area[touch[i] * page] = 1;
	assert_int_equal(present_open(&p, getpid()), 0);
	assert_string_equal(present_method(p), *state ? *state : present_method(p));
	print_message("by %s\n", present_method(p));
	assert_int_equal(present_runs(p, s.base, s.base + 100 * page, see, &s), 0);
	assert_int_equal(s.count, 3);
	assert_int_equal(s.run[0].first, 1);
	assert_int_equal(s.run[0].pages, 3);
	assert_false(s.run[0].swapped);
	assert_int_equal(s.run[1].first, 10);
	assert_int_equal(s.run[1].pages, 1);
	assert_int_equal(s.run[2].first, 63);
	assert_int_equal(s.run[2].pages, 2);

	s.count = 0; /* cut to the range, rounded out to pages */
	assert_int_equal(present_runs(p, s.base + 2 * page + 5, s.base + 10 * page + 1, see, &s),
			 0);
	assert_int_equal(s.count, 2);
	assert_int_equal(s.run[0].first, 2);
	assert_int_equal(s.run[0].pages, 2);
	assert_int_equal(s.run[1].first, 10);

	s.count = 0;
	s.stop_after = 2;
	assert_int_equal(present_runs(p, s.base, s.base + 100 * page, see, &s), 7);
	assert_int_equal(s.count, 2);
	s.count = s.stop_after = 0;
	assert_int_equal(present_runs(p, s.base, s.base, see, &s), 0);
	assert_int_equal(s.count, 0);
	present_close(p);
	present_close(NULL);
	munmap(area, 100 * page);
}

/* More runs than one answer of the kernel holds: none lost, none twice, none split. */
static void many_runs(void **state)
{
	uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE), pages = 40000;
	char *area = reserve(pages * page);
	struct seen s = { .base = (uint64_t)(uintptr_t)area, .page = page };
	struct present *p;

	(void)state;
	for (uint64_t i = 0; i < pages; i += 4) {
		area[i * page] = 1;
		area[(i + 1) * page] = 1;
	}
	assert_int_equal(present_open(&p, getpid()), 0);
	assert_int_equal(present_runs(p, s.base, s.base + pages * page, see, &s), 0);
	assert_int_equal(s.count, pages / 4);
	assert_int_equal(s.pages, pages / 2);
	present_close(p);
	munmap(area, pages * page);
}

static void a_large_sparse_range_is_quick(void **state)
{
	uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE), bytes = 40ULL << 30, resident = 4 << 20;
	struct timespec before, after;
	struct seen s = { .page = page };
	struct present *p;
	char *area;
	double ms;

	(void)state;
	area = reserve(bytes);
	s.base = (uint64_t)(uintptr_t)area;
	memset(area + bytes / 2, 1, resident);
	area[bytes - 1] = 1;
	assert_int_equal(present_open(&p, getpid()), 0);
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &before);
	assert_int_equal(present_runs(p, s.base, s.base + bytes, see, &s), 0);
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &after);
	ms = (double)(after.tv_sec - before.tv_sec) * 1e3 +
	     (double)(after.tv_nsec - before.tv_nsec) / 1e6;
	print_message("40 GiB in %.2f ms\n", ms);
	assert_int_equal(s.count, 2);
	assert_int_equal(s.pages, resident / page + 1);
	assert_true(ms < 2000);
	present_close(p);
	munmap(area, bytes);
}

static void no_process(void **state)
{
	struct present *p;

	(void)state;
	assert_int_equal(present_open(&p, 0x7fffffff), -ENOENT);
	assert_null(p);
}

/* From here on this process knows no ioctl(2): PAGEMAP_SCAN fails as on a kernel before 6.7. */
static int without_ioctl(void **state)
{
	struct sock_filter refuse[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_ioctl, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOTTY),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { .len = 4, .filter = refuse };

	*state = (void *)(uintptr_t)"pagemap";
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		return -1;
	return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(touched_pages_are_runs),
		cmocka_unit_test(many_runs),
		cmocka_unit_test(a_large_sparse_range_is_quick),
		cmocka_unit_test(no_process),
	};
	int failed = cmocka_run_group_tests_name("as the kernel can", tests, NULL, NULL);

	return failed + cmocka_run_group_tests_name("by pagemap", tests, without_ioctl, NULL);
}
