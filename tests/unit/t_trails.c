// SPDX-License-Identifier: Apache-2.0
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "../../user/model/trails.h"
#include "../../user/output/format.h"
#include "../../user/util/grow.h"

static void add(struct trails *t, const char *service, const char *release, const char *file,
		double rate, int64_t first_seen)
{
	struct trail *trail;

	assert_int_equal(grow(&t->trail, &t->cap, t->count + 1, sizeof(*t->trail)), 0);
	trail = &t->trail[t->count++];
	*trail = (struct trail){ .finding = { .bytes_per_second = rate,
					      .holder = "module app: CACHE",
					      .function = "remember",
					      .line = 41 },
				 .first_seen = first_seen,
				 .last_seen = 9000 + first_seen,
				 .processes = 2,
				 .times = 1,
				 .grows_since = UNKNOWN };
	snprintf(trail->finding.service, sizeof(trail->finding.service), "%s", service);
	snprintf(trail->finding.release, sizeof(trail->finding.release), "%s", release);
	snprintf(trail->finding.file, sizeof(trail->finding.file), "%s", file);
}

/* As the history has them: fastest first. */
static struct trails some(void)
{
	struct trails t = { .since_seconds = 3600, .oldest = UNKNOWN, .path = "h.db" };

	add(&t, "shop", "2", "/srv/2/app/cache.py", 900, 2000);
	add(&t, "mail", "", "/srv/mail/app/cache.py", 500, 3000);
	add(&t, "shop", "1", "/srv/1/app/cache.py", 300, 1000);
	add(&t, "shop", "2", "/srv/2/app/other.py", 10, 2500);
	t.trail[2].grows_since = 950;
	t.trail[0].grows_since = 1950;
	return t;
}

static void one_for_each_service(void **state)
{
	struct trails t = some();

	(void)state;
	add(&t, "mail", "", "/srv/mail/app/files.py", NAN, 3000);
	assert_int_equal(trails_group(&t, TRAILS_BY_SERVICE), 0);
	assert_int_equal(t.group_count, 2);
	assert_true(t.group[1].bytes_per_second == 1000);
	assert_string_equal(t.group[0].fastest->finding.service, "shop");
	assert_string_equal(t.group[0].in, "2, 1");
	assert_int_equal(t.group[0].findings, 3);
	assert_int_equal(t.group[0].processes, 6);
	assert_true(t.group[0].bytes_per_second == 2 * (900 + 300 + 10));
	assert_string_equal(t.group[0].first->finding.release, "1"); /* which brought it */
	assert_int_equal(t.group[0].last_seen, 11500);
	assert_int_equal(t.group[0].grows_since, 950);
	assert_string_equal(t.group[1].in, "");
	assert_int_equal(t.group[1].grows_since, UNKNOWN);
	trails_release(&t);
}

static void one_for_each_release(void **state)
{
	struct trails t = some();

	(void)state;
	assert_int_equal(trails_group(&t, TRAILS_BY_RELEASE), 0);
	assert_int_equal(t.group_count, 3);
	assert_string_equal(t.group[0].fastest->finding.release, "2");
	assert_int_equal(t.group[0].findings, 2);
	assert_int_equal(t.group[0].grows_since, 1950);
	assert_string_equal(t.group[2].fastest->finding.release, "1");
	trails_release(&t);
}

/* Wherever it is installed. */
static void one_for_each_line(void **state)
{
	struct trails t = some();

	(void)state;
	assert_int_equal(trails_group(&t, TRAILS_BY_SITE), 0);
	assert_int_equal(t.group_count, 2);
	assert_string_equal(t.group[0].in, "shop 2, mail, shop 1");
	assert_int_equal(t.group[0].first->first_seen, 1000);
	trails_release(&t);
}

static void without_a_line_the_holder_decides(void **state)
{
	struct trails t = { 0 };

	(void)state;
	for (int i = 0; i < 3; i++) {
		add(&t, "shop", "1", "", 1, 1);
		t.trail[i].finding.function[0] = '\0';
	}
	snprintf(t.trail[1].finding.holder, sizeof(t.trail[1].finding.holder), "module b: LIST");
	assert_int_equal(trails_group(&t, TRAILS_BY_SITE), 0);
	assert_int_equal(t.group_count, 2);
	trails_release(&t);
}

static size_t kept(const struct trails_wanted *wanted)
{
	struct trails t = some();
	size_t count;

	trails_keep(&t, wanted);
	count = t.count;
	trails_release(&t);
	return count;
}

static void only_what_is_wanted_stays(void **state)
{
	(void)state;
	assert_int_equal(kept(&(struct trails_wanted){ 0 }), 4);
	assert_int_equal(kept(&(struct trails_wanted){ .service = "shop" }), 3);
	assert_int_equal(kept(&(struct trails_wanted){ .service = "sho" }), 0);
	assert_int_equal(kept(&(struct trails_wanted){ .service = "shop", .release = "2" }), 2);
	assert_int_equal(kept(&(struct trails_wanted){ .release = "" }), 1);
	assert_int_equal(kept(&(struct trails_wanted){ .site = "cache.py:41 in rem" }), 3);
	assert_int_equal(kept(&(struct trails_wanted){ .site = "CACHE" }), 4);
}

/* A list that is too long is cut. */
static void a_line_in_many_services(void **state)
{
	struct trails t = { 0 };
	char service[32];

	(void)state;
	for (int i = 0; i < 100; i++) {
		snprintf(service, sizeof(service), "service-%d", i);
		add(&t, service, "1", "/a/b.py", 1, 1);
	}
	assert_int_equal(trails_group(&t, TRAILS_BY_SITE), 0);
	assert_int_equal(t.group_count, 1);
	assert_int_equal(t.group[0].findings, 100);
	assert_int_equal(strlen(t.group[0].in), sizeof(t.group[0].in) - 1);
	trails_release(&t);
}

static void print(const struct trails *t, const char *format, char *out, size_t cap)
{
	FILE *file = fmemopen(out, cap, "w");

	assert_int_equal(format_by_name(format)->trails(file, t, &(struct format_options){ 0 }), 0);
	fclose(file);
}

static void groups_are_printed(void **state)
{
	struct trails t = some();
	char out[16384];

	(void)state;
	assert_int_equal(trails_group(&t, TRAILS_BY_SITE), 0);
	print(&t, "table", out, sizeof(out));
	assert_non_null(strstr(out, "/srv/2/app/cache.py:41 in remember, 6 processes\n"
				    "   in           shop 2, mail, shop 1\n"
				    "   grows since  1970-01-01 00:15 UTC\n"
				    "   seen         first 1970-01-01 00:16 UTC in shop 1, "
				    "last 1970-01-01 03:20 UTC\n"));
	print(&t, "json", out, sizeof(out));
	assert_non_null(strstr(out, "\"by\": \"site\""));
	assert_non_null(strstr(out, "\"in\": \"shop 2, mail, shop 1\""));
	assert_int_equal(trails_group(&t, TRAILS_BY_RELEASE), 0);
	print(&t, "table", out, sizeof(out));
	assert_non_null(strstr(out, "  shop 2, 2 findings, 4 processes\n"
				    "   fastest      /srv/2/app/cache.py:41 in remember\n"));
	trails_release(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_for_each_service),
		cmocka_unit_test(one_for_each_release),
		cmocka_unit_test(one_for_each_line),
		cmocka_unit_test(without_a_line_the_holder_decides),
		cmocka_unit_test(only_what_is_wanted_stays),
		cmocka_unit_test(a_line_in_many_services),
		cmocka_unit_test(groups_are_printed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
