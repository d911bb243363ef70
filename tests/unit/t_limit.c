// SPDX-License-Identifier: Apache-2.0
/*
 * Limits of control groups made of files, of both versions, and when growth meets them.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "../../user/rank/forecast.h"
#include "../../user/target/limit.h"

#define MEMINFO "MemTotal:       1000000 kB\nMemFree: 1 kB\nMemAvailable:    400000 kB\n"

static char mount[64];

static void put(const char *name, const char *text)
{
	char path[256];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", mount, name);
	for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		mkdir(path, 0700);
		*slash = '/';
	}
	f = fopen(path, "w");
	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static int make_groups(void **state)
{
	(void)state;
	snprintf(mount, sizeof(mount), "/tmp/pyleak-limit-%d", (int)getpid());
	assert_int_equal(mkdir(mount, 0700), 0);
	put("app/memory.max", "max\n");
	put("app/memory.current", "5\n");
	put("app/web/memory.max", "268435456\n");
	put("app/web/memory.current", "200000000\n");
	put("app/web/memory.stat", "anon 1\ninactive_file 50000000\nactive_file 7\n");
	put("tight/memory.max", "1000000\n");
	put("tight/memory.current", "990000\n");
	put("tight/in/memory.max", "500000\n");
	put("tight/in/memory.current", "1000\n");
	put("memory/old/memory.limit_in_bytes", "9223372036854771712\n");
	put("memory/old/one/memory.limit_in_bytes", "300000\n");
	put("memory/old/one/memory.usage_in_bytes", "100000\n");
	return 0;
}

static int remove_groups(void **state)
{
	char command[96];

	(void)state;
	snprintf(command, sizeof(command), "rm -r %s", mount);
	return system(command);
}

static void the_tightest_group_counts(void **state)
{
	struct limit l;

	(void)state;
	limit_find(&l, "0::/app/web\n", mount, MEMINFO);
	assert_int_equal(l.bytes, 268435456);
	assert_int_equal(l.used, 150000000); /* but for file pages */
	assert_string_equal(l.of, "cgroup /app/web");
	limit_find(&l, "0::/tight/in\n", mount, MEMINFO); /* the group above has less room */
	assert_int_equal(l.bytes, 1000000);
	assert_string_equal(l.of, "cgroup /tight");
	limit_find(&l, "12:cpu:/\n5:hugetlb,memory:/old/one\n0::/\n", mount, MEMINFO);
	assert_int_equal(l.bytes, 300000);
	assert_int_equal(l.used, 100000);
}

static void without_a_group_it_is_the_machine(void **state)
{
	static const char *const groups[] = { "", "0::/\n", "0::/app\n", "0::/nowhere\n",
					      "0::/../app/web\n", "nonsense", "1:memory" };
	struct limit l;

	(void)state;
	for (size_t i = 0; i < sizeof(groups) / sizeof(groups[0]); i++) {
		limit_find(&l, groups[i], mount, MEMINFO);
		assert_int_equal(l.bytes, 1000000 * 1024LL);
		assert_int_equal(l.used, 600000 * 1024LL);
		assert_string_equal(l.of, "this machine");
	}
	limit_find(&l, "", mount, "");
	assert_true(l.bytes == UNKNOWN);
}

static struct limit foresee(double growth, double noise)
{
	struct limit l = { .bytes = 1000000, .used = 400000, .of = "test" };
	struct series rss = { 0 };

	for (unsigned i = 0; i <= 40; i++)
		series_add(&rss, i * 0.25,
			   1e6 + growth * i * 0.25 + noise * (double)(i * 7919 % 13));
	forecast(&l, &rss);
	return l;
}

static void steady_growth_meets_its_limit(void **state)
{
	struct limit l = foresee(1000, 0);

	(void)state;
	assert_true(fabs(l.growth - 1000) < 1e-6 && fabs(l.seconds - 600) < 1e-3);
	assert_true(l.growth_high - l.growth_low < 1e-3);
	l = foresee(1000, 50);
	assert_true(l.growth_low > 0 && l.growth_low < l.growth && l.growth < l.growth_high);
	assert_true(l.seconds_low < l.seconds && l.seconds < l.seconds_high);
}

static void what_is_not_beyond_chance_is_not_foreseen(void **state)
{
	struct series none = { 0 };
	struct limit l = foresee(10, 2000);

	(void)state;
	assert_true(l.growth_low < 0 && l.seconds < 0 && l.seconds_low < 0 && l.seconds_high < 0);
	l = foresee(0, 0);
	assert_true(l.seconds < 0);
	l = foresee(-1000, 0);
	assert_true(l.seconds < 0);
	forecast(&l, &none);
	assert_true(l.seconds < 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_tightest_group_counts),
		cmocka_unit_test(without_a_group_it_is_the_machine),
		cmocka_unit_test(steady_growth_meets_its_limit),
		cmocka_unit_test(what_is_not_beyond_chance_is_not_foreseen),
	};

	return cmocka_run_group_tests(tests, make_groups, remove_groups);
}
