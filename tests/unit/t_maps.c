// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "../../user/target/maps.h"

static int parse(struct maps *m, const char *text)
{
	FILE *f = fmemopen((void *)(uintptr_t)text, strlen(text), "r");
	int err;

	assert_non_null(f);
	err = maps_parse(m, f);
	fclose(f);
	return err;
}

static void fields_of_a_line(void **state)
{
	struct maps m;

	(void)state;
	assert_int_equal(
		parse(&m,
		      "00400000-00401000 r-xp 00001000 fe:01 4242                 /usr/bin/python3 "
		      "(deleted)\n"
		      "7f0000000000-7f0000021000 rw-p 00000000 00:00 0 \n"
		      "7f0000021000-7f0000022000 ---s 00000000 00:01 7                  /memfd:a b "
		      "(deleted)\n"
		      "7ffc00000000-7ffc00021000 rw-p 00000000 00:00 0                  [stack]\n"
		      "ffffffffff600000-ffffffffff601000 --xp 00000000 00:00 0          "
		      "[vsyscall]\n"),
		0);
	assert_int_equal(m.count, 5);
	assert_true(m.map[0].start == 0x400000 && m.map[0].end == 0x401000);
	assert_true(m.map[0].offset == 0x1000 && m.map[0].inode == 4242);
	assert_int_equal(m.map[0].prot, MAP_R | MAP_X);
	assert_int_equal(m.map[0].dev, makedev(0xfe, 1));
	assert_string_equal(m.map[0].path, "/usr/bin/python3");
	assert_true(m.map[0].deleted);
	assert_string_equal(m.map[1].path, "");
	assert_false(m.map[1].deleted);
	assert_int_equal(m.map[1].prot, MAP_R | MAP_W);
	assert_int_equal(m.map[2].prot, MAP_SHARED_);
	assert_string_equal(m.map[2].path, "/memfd:a b");
	assert_string_equal(m.map[3].path, "[stack]");
	assert_true(m.map[4].start == 0xffffffffff600000ULL);
	maps_release(&m);
	assert_int_equal(m.count, 0);
	assert_null(m.map);
}

static void hostile_names(void **state)
{
	static const char line[] = "1000-2000 r--p 00000000 00:01 5  ";
	char text[9000];
	struct maps m;

	(void)state;
	assert_int_equal(parse(&m, "1000-2000 r--p 00000000 00:01 5  /tmp/a\\012b  c\n"), 0);
	assert_string_equal(m.map[0].path, "/tmp/a\nb  c");
	maps_release(&m);

	assert_int_equal(parse(&m, "1000-2000 r--p 00000000 00:01 5  /tmp/x (deleted) (deleted)\n"),
			 0);
	assert_string_equal(m.map[0].path, "/tmp/x (deleted)");
	assert_true(m.map[0].deleted);
	maps_release(&m);

	memset(text, 'y', sizeof(text));
	memcpy(text, line, strlen(line));
	text[sizeof(text) - 1] = '\0';
	assert_int_equal(parse(&m, text), 0);
	assert_int_equal(strlen(m.map[0].path), sizeof(text) - 1 - strlen(line));
	maps_release(&m);
}

static void what_is_no_map_is_refused(void **state)
{
	static const char *const bad[] = {
		"hello\n",
		"1000\n",
		"2000-1000 r--p 0 00:00 0\n",
		"1000-1000 r--p 0 00:00 0\n",
		"1000-2000 r--p\n",
		"1000-2000 r--p 0 00:00\n",
		"1000-2000 r--p 0 00:00 x\n",
		"1000-fffffffffffffffff r--p 0 00:00 0\n",
		"-1000-2000 r--p 0 00:00 0\n",
		"\n",
	};
	struct maps m;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(parse(&m, bad[i]), -EINVAL);
		assert_int_equal(m.count, 0);
	}
}

static void overlaps_are_dropped(void **state)
{
	struct maps m;

	(void)state;
	assert_int_equal(parse(&m, "1000-3000 r--p 0 00:00 0\n2000-4000 r--p 0 00:00 0\n"
				   "3000-5000 r--p 0 00:00 0\n"),
			 0);
	assert_int_equal(m.count, 2);
	assert_true(m.map[1].start == 0x3000);
	maps_release(&m);
}

static void finds_by_address(void **state)
{
	struct maps m;

	(void)state;
	assert_int_equal(parse(&m, "1000-2000 r--p 0 00:00 0\n2000-3000 rw-p 0 00:00 0\n"
				   "5000-6000 r--p 0 00:00 0\n"),
			 0);
	assert_null(maps_find(&m, 0xfff));
	assert_ptr_equal(maps_find(&m, 0x1000), &m.map[0]);
	assert_ptr_equal(maps_find(&m, 0x1fff), &m.map[0]);
	assert_ptr_equal(maps_find(&m, 0x2000), &m.map[1]);
	assert_null(maps_find(&m, 0x3000));
	assert_ptr_equal(maps_find(&m, 0x5fff), &m.map[2]);
	assert_null(maps_find(&m, 0x6000));
	maps_release(&m);
	assert_null(maps_find(&m, 0x1000));
}

/* Every second page with another protection: no two can be merged, near the limit of 65,530. */
static void sixty_thousand_maps(void **state)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE), pages = 60000;
	const struct map *found;
	struct maps m;
	char *area;

	(void)state;
	area = mmap(NULL, pages * page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	assert_true(area != MAP_FAILED);
	for (size_t i = 0; i < pages; i += 2) {
		if (mprotect(area + i * page, page, PROT_READ) != 0)
			skip(); /* vm.max_map_count is lower here */
	}
	assert_int_equal(maps_read(&m, getpid()), 0);
	assert_true(m.count >= pages - 1);
	found = maps_find(&m, (uint64_t)(uintptr_t)area + 30000 * page + 5);
	assert_non_null(found);
	assert_true(found->start == (uint64_t)(uintptr_t)area + 30000 * page);
	assert_int_equal(found->prot, MAP_R);
	for (size_t i = 1; i < m.count; i++)
		assert_true(m.map[i - 1].end <= m.map[i].start);
	maps_release(&m);
	munmap(area, pages * page);
}

static void no_process_no_map(void **state)
{
	pid_t child = fork();
	siginfo_t ended;
	struct maps m;

	(void)state;
	if (child == 0)
		_exit(0);
	assert_int_equal(waitid(P_PID, (id_t)child, &ended, WEXITED | WNOWAIT), 0);
	assert_int_equal(maps_read(&m, child), -ESRCH); /* a zombie */
	assert_int_equal(waitpid(child, NULL, 0), child);
	assert_int_equal(maps_read(&m, child), -ESRCH);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fields_of_a_line),
		cmocka_unit_test(hostile_names),
		cmocka_unit_test(what_is_no_map_is_refused),
		cmocka_unit_test(overlaps_are_dropped),
		cmocka_unit_test(finds_by_address),
		cmocka_unit_test(sixty_thousand_maps),
		cmocka_unit_test(no_process_no_map),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
