// SPDX-License-Identifier: Apache-2.0
#include <dirent.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "../../user/history/history.h"

#define DAY_NS (86400 * 1000000000ull)

static char folder[] = "/tmp/pyleak-history-XX"
		       "XX"
		       "XX";
static char path[64];
static struct log silent;

static int begin(void **state)
{
	(void)state;
	snprintf(folder, sizeof(folder),
		 "/tmp/pyleak-history-XX"
		 "XX"
		 "XX");
	log_init(&silent, stderr, LOG_QUIET);
	if (!mkdtemp(folder))
		return -1;
	snprintf(path, sizeof(path), "%s/h.db", folder);
	return 0;
}

static unsigned files_with(const char *part, bool remove_all)
{
	DIR *dir = opendir(folder);
	struct dirent *entry;
	unsigned count = 0;

	while (dir && (entry = readdir(dir))) {
		char name[400];

		count += part && strstr(entry->d_name, part);
		snprintf(name, sizeof(name), "%s/%s", folder, entry->d_name);
		if (remove_all)
			unlink(name);
	}
	closedir(dir);
	return count;
}

static int end(void **state)
{
	(void)state;
	files_with(NULL, true);
	return rmdir(folder);
}

static struct finding make(const char *release, long seconds_ago, double rate)
{
	struct finding f = { .id = "0011223344556677",
			     .verdict = VERDICT_LEAK,
			     .bytes_per_second = rate,
			     .service = "shop",
			     .holder = "module app: CACHE",
			     .function = "remember",
			     .file = "/srv/app.py",
			     .line = 41 };

	snprintf(f.release, sizeof(f.release), "%s", release);
	f.seen.tv_sec = time(NULL) - seconds_ago;
	return f;
}

static struct history *must_open(void)
{
	struct err e = { 0 };
	struct history *h;

	if (history_open(&h, path, 2 * DAY_NS, 1, &silent, &e))
		fail_msg("%s", e.text);
	return h;
}

static void a_trail_for_each_release(void **state)
{
	struct history *h = must_open();
	struct trails t;
	struct err e = { 0 };
	const struct finding all[] = { make("1", 90000, 100), make("1", 60, 300),
				       make("1", 30, 200), make("2", 10, 900) };

	(void)state;
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		history_add_finding(h, &all[i], 3);
	assert_int_equal(history_read(&t, path, DAY_NS, &e), 0); /* beside the writer */
	assert_int_equal(t.count, 2);
	assert_string_equal(t.trail[0].finding.release, "2");
	assert_true(t.trail[1].finding.bytes_per_second == 200); /* as it was last */
	assert_true(t.trail[1].most_bytes_per_second == 300);
	assert_int_equal(t.trail[1].times, 2);
	assert_int_equal(t.trail[1].first_seen, all[0].seen.tv_sec); /* before the time asked for */
	assert_int_equal(t.trail[1].finding.line, 41);
	assert_int_equal(t.oldest, all[0].seen.tv_sec);
	trails_release(&t);
	history_close(h);
}

static void what_is_unknown_stays_so(void **state)
{
	struct history *h = must_open();
	struct finding f = make("1", 1, NAN);
	struct trails t;

	(void)state;
	history_add_finding(h, &f, 1);
	assert_int_equal(history_read(&t, path, DAY_NS, NULL), 0);
	assert_true(isnan(t.trail[0].finding.bytes_per_second));
	trails_release(&t);
	history_close(h);
}

static void what_is_old_goes(void **state)
{
	struct history *h = must_open();
	struct finding old = make("1", 3 * 86400, 1), fresh = make("2", 1, 1);
	struct trails t;

	(void)state;
	history_add_finding(h, &old, 1);
	history_add_finding(h, &fresh, 1);
	history_trim(h);
	history_close(h);
	assert_int_equal(history_read(&t, path, 30 * DAY_NS, NULL), 0);
	assert_int_equal(t.count, 1);
	assert_string_equal(t.trail[0].finding.release, "2");
	trails_release(&t);
}

/* 1 MiB: the oldest make room, and what goes is counted. */
static void the_file_is_bounded(void **state)
{
	struct history *h = must_open();
	struct stat st;
	struct trails t;

	(void)state;
	for (int i = 0; i < 6000; i++) {
		struct finding f = make("1", 6000 - i, i);

		history_add_finding(h, &f, 1);
		history_add_memory(h, &(struct memory_row){ .time = f.seen.tv_sec,
							    .service = "shop",
							    .release = "1",
							    .pod = "" });
	}
	assert_true(history_lost(h) > 0);
	history_close(h);
	assert_int_equal(stat(path, &st), 0);
	assert_true(st.st_size <= 1 << 20);
	assert_int_equal(history_read(&t, path, DAY_NS, NULL), 0);
	assert_true(t.trail[0].finding.bytes_per_second == 5999); /* the newest is there */
	trails_release(&t);
}

static void a_damaged_file_is_set_aside(void **state)
{
	FILE *f = fopen(path, "w");
	struct trails t;

	(void)state;
	fputs("this is no database, and it is longer than a header of one hundred bytes would be, "
	      "so "
	      "that it is looked at as a whole",
	      f);
	fclose(f);
	history_close(must_open());
	assert_int_equal(files_with(".damaged-", false), 1);
	assert_int_equal(history_read(&t, path, DAY_NS, NULL), 0);
	assert_int_equal(t.count, 0);
	assert_true(t.oldest == UNKNOWN);
	trails_release(&t);
}

/* While it is open. */
static void damage_while_writing_loses_nothing_else(void **state)
{
	struct history *h = must_open();
	struct finding f = make("1", 1, 1);
	struct trails t;
	FILE *out;

	(void)state;
	history_add_finding(h, &f, 1);
	history_close(h); /* all of it is in the file now */
	h = must_open();
	out = fopen(path, "r+");
	for (int i = 0; i < 16 * 4096; i++)
		fputc('x', out);
	fclose(out);
	history_trim(h);
	for (int i = 0; i < 3; i++)
		history_add_finding(h, &f, 1);
	assert_int_equal(files_with(".damaged-", false), 1);
	assert_false(history_fails(h));
	assert_int_equal(history_lost(h), 0);
	assert_int_equal(history_read(&t, path, DAY_NS, NULL), 0);
	assert_int_equal(t.trail[0].times, 3);
	trails_release(&t);
	history_close(h);
}

static void a_file_that_vanished_is_made_again(void **state)
{
	struct history *h = must_open();
	struct finding f = make("1", 1, 1);
	struct trails t;

	(void)state;
	history_add_finding(h, &f, 1);
	files_with(NULL, true);
	history_trim(h);
	history_add_finding(h, &f, 1);
	assert_int_equal(history_read(&t, path, DAY_NS, NULL), 0);
	assert_int_equal(t.count, 1);
	trails_release(&t);
	history_close(h);
}

/* What cannot be opened is tried again, and what was lost meanwhile is counted. */
static void a_folder_that_comes_later(void **state)
{
	struct err e = { 0 };
	struct history *h;
	struct finding f = make("1", 1, 1);
	char blocked[80];
	FILE *out;

	(void)state;
	snprintf(blocked, sizeof(blocked), "%s/no", folder);
	out = fopen(blocked, "w");
	fclose(out);
	snprintf(blocked, sizeof(blocked), "%s/no/h.db", folder);
	assert_int_equal(history_open(&h, blocked, DAY_NS, 1, &silent, &e), 0);
	assert_true(history_fails(h));
	history_add_finding(h, &f, 1);
	assert_int_equal(history_lost(h), 1);
	files_with(NULL, true);
	history_trim(h);
	history_add_finding(h, &f, 1);
	assert_int_equal(history_lost(h), 1);
	assert_false(history_fails(h));
	history_close(h);
	unlink(blocked);
	*strrchr(blocked, '/') = '\0';
	rmdir(blocked);
}

/* An hour of growth, a gap, and ten minutes of it until now. */
static void growth_is_told_from_its_beginning(void **state)
{
	struct history *h = must_open();
	struct finding f = make("1", 1, 1);
	struct trails t;
	int64_t now = time(NULL);

	(void)state;
	history_add_finding(h, &f, 1);
	for (int minute = 200; minute > 0; minute--)
		if (minute > 140 || minute <= 10)
			history_add_memory(h, &(struct memory_row){ .time = now - 60 * minute,
								    .service = "shop",
								    .release = "1",
								    .pod = "" });
	assert_int_equal(history_read(&t, path, DAY_NS, NULL), 0);
	assert_int_equal(t.trail[0].grows_since, now - 600);
	trails_release(&t);
	history_close(h);
}

static void pauses_by_service_and_release(void **state)
{
	struct history *h = must_open();
	struct trails t;
	struct pause_sum sums[] = {
		{ .seconds = 10, .count = 2, .total_ns = 300, .max_ns = 200, .line = 7 },
		{ .seconds = 5, .count = 1, .total_ns = 900, .max_ns = 900, .function = "sweep" },
		{ .seconds = 5 },
	};

	(void)state;
	for (size_t i = 0; i < 3; i++)
		history_add_pauses(h, &(struct pauses_row){ .time = time(NULL),
							    .service = i < 2 ? "shop" : "idle",
							    .release = "1",
							    .container = "",
							    .pod = "",
							    .sum = &sums[i] });
	assert_int_equal(history_read(&t, path, DAY_NS, NULL), 0);
	assert_int_equal(t.pause_count, 1); /* of the other there is nothing to say */
	assert_int_equal(t.pauses[0].count, 3);
	assert_int_equal(t.pauses[0].max_ns, 900);
	assert_string_equal(t.pauses[0].function, "sweep");
	assert_true(t.pauses[0].seconds == 15);
	trails_release(&t);
	history_close(h);
}

static void where_there_is_none_is_said(void **state)
{
	struct trails t;
	struct err e = { 0 };

	(void)state;
	assert_true(history_read(&t, path, DAY_NS, &e) < 0);
	assert_non_null(strstr(e.text, path));
	trails_release(&t);
	history_add_memory(NULL, &(struct memory_row){ 0 });
	assert_int_equal(history_lost(NULL), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_trail_for_each_release, begin, end),
		cmocka_unit_test_setup_teardown(what_is_unknown_stays_so, begin, end),
		cmocka_unit_test_setup_teardown(what_is_old_goes, begin, end),
		cmocka_unit_test_setup_teardown(the_file_is_bounded, begin, end),
		cmocka_unit_test_setup_teardown(a_damaged_file_is_set_aside, begin, end),
		cmocka_unit_test_setup_teardown(damage_while_writing_loses_nothing_else, begin,
						end),
		cmocka_unit_test_setup_teardown(a_file_that_vanished_is_made_again, begin, end),
		cmocka_unit_test_setup_teardown(a_folder_that_comes_later, begin, end),
		cmocka_unit_test_setup_teardown(growth_is_told_from_its_beginning, begin, end),
		cmocka_unit_test_setup_teardown(pauses_by_service_and_release, begin, end),
		cmocka_unit_test_setup_teardown(where_there_is_none_is_said, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
