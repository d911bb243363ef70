// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../user/session/options.h"

#define WORDS_MAX 20

/* Parse the words of @line, parted by spaces; "''" is an empty word. */
static int parse(struct options *o, struct err *e, const char *line)
{
	char copy[2048], *argv[WORDS_MAX] = { "pyleak" }, *save;
	int argc = 1;

	assert_true(strlen(line) < sizeof(copy));
	memcpy(copy, line, strlen(line) + 1);
	for (char *word = strtok_r(copy, " ", &save); word; word = strtok_r(NULL, " ", &save)) {
		assert_true(argc < WORDS_MAX - 1);
		argv[argc++] = strcmp(word, "''") ? word : "";
	}
	memset(e, 0, sizeof(*e));
	return options_parse(o, argc, argv, e);
}

static struct options accepted(const char *line)
{
	struct options o;
	struct err e;

	if (parse(&o, &e, line))
		fail_msg("'%s' was refused: %s", line, e.text);
	assert_int_equal(e.exit, EXIT_DONE);
	return o;
}

static void the_main_job_has_defaults(void **state)
{
	struct options o = accepted("-p 4242");

	(void)state;
	assert_int_equal(o.command, COMMAND_LEAKS);
	assert_int_equal(o.pid_count, 1);
	assert_int_equal(o.pids[0], 4242);
	assert_int_equal(o.duration_ns, 0);
	assert_null(o.output);
	assert_string_equal(o.format->name, "table");
	assert_int_equal(o.top, 10);
	assert_true(o.budget_percent == 1);
	assert_int_equal(o.color, COLOR_AUTO);
	assert_int_equal(o.level, LOG_NORMAL);
	assert_false(o.fail_on_leak);
	options_release(&o);
}

static void every_option_is_understood(void **state)
{
	struct options o =
		accepted("--pid=1,2 -p 3,2 --duration 500ms --output=r.txt --format json --top 0 "
			 "--budget 0.5% --color never --quiet --fail-on-leak");

	(void)state;
	assert_int_equal(o.pid_count, 3);
	assert_int_equal(o.pids[0], 1);
	assert_int_equal(o.pids[1], 2);
	assert_int_equal(o.pids[2], 3);
	assert_int_equal(o.duration_ns, 500000000);
	assert_string_equal(o.output, "r.txt");
	assert_string_equal(o.format->name, "json");
	assert_int_equal(o.top, 0);
	assert_true(o.budget_percent == 0.5);
	assert_int_equal(o.color, COLOR_NEVER);
	assert_int_equal(o.level, LOG_QUIET);
	assert_true(o.fail_on_leak);
	options_release(&o);
	o = accepted("-v -d2m --color always --budget 2 -p1");
	assert_int_equal(o.level, LOG_VERBOSE);
	assert_int_equal(o.duration_ns, 120000000000);
	assert_int_equal(o.color, COLOR_ALWAYS);
	assert_true(o.budget_percent == 2);
	options_release(&o);
}

static void the_suffix_chooses_the_format(void **state)
{
	static const char *const cases[][2] = {
		{"-p 1 -o a.json", "json"},
		{"-p 1 -o a.folded", "folded"},
		{"-p 1 -o a.txt", "table"},
		{"-p 1 -o a.out", "table"},
		{"-p 1 -o a.json --format folded", "folded"},
		{"-p 1 -o a.html --format json", "json"},
		{"-p 1 -o a -o b.json", "json"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct options o = accepted(cases[i][0]);

		assert_string_equal(o.format->name, cases[i][1]);
		options_release(&o);
	}
}

static void other_commands(void **state)
{
	struct options o = accepted("doctor");

	(void)state;
	assert_int_equal(o.command, COMMAND_DOCTOR);
	assert_int_equal(o.pid_count, 0);
	options_release(&o);
	o = accepted("-p 7 doctor");
	assert_int_equal(o.command, COMMAND_DOCTOR);
	assert_int_equal(o.pids[0], 7);
	options_release(&o);
	o = accepted("--help");
	assert_int_equal(o.command, COMMAND_HELP);
	options_release(&o);
	o = accepted("--version --nonsense");
	assert_int_equal(o.command, COMMAND_VERSION);
	options_release(&o);
}

static void wrong_input_is_explained(void **state)
{
	static const char *const cases[][2] = {
		{ "", "-p PID" },
		{ "-p", "'-p'" },
		{ "-p 0", "'0'" },
		{ "-p -1", "'-1'" },
		{ "-p 12x", "'12x'" },
		{ "-p 1,,2", "''" },
		{ "-p 1,", "''" },
		{ "-p ''", "''" },
		{ "-p 4194305", "'4194305'" },
		{ "-p 99999999999999999999", "'99999999999999999999'" },
		{ "-p 1111111111111111111111111111111111111111", "not a process id" },
		{ "-p 1 -d 0s", "500ms to 24h" },
		{ "-p 1 -d 25h", "500ms to 24h" },
		{ "-p 1 -d soon", "'soon'" },
		{ "-p 1 -d", "'-d'" },
		{ "-p 1 --top -1", "'-1'" },
		{ "-p 1 --top many", "'many'" },
		{ "-p 1 --budget 0", "'0'" },
		{ "-p 1 --budget 101", "'101'" },
		{ "-p 1 --budget nan", "'nan'" },
		{ "-p 1 --budget 1x", "'1x'" },
		{ "-p 1 --color maybe", "'maybe'" },
		{ "-p 1 --format xml", "'xml'" },
		{ "-p 1 -o ''", "no name" },
		{ "-p 1 -q -v", "contradict" },
		{ "-p 1 -x", "'-x'" },
		{ "-p 1 --nonsense", "'--nonsense'" },
		{ "1234", "pyleak -p 1234" },
		{ "grow", "'grow'" },
		{ "doctor doctor", "'doctor'" },
		{ "heap", "-p PID" },
		{ "heap -p 1 --by nothing", "'nothing'" },
		{ "heap -p 1 --by age", "--diff" },
		{ "heap -p 1 --diff soon", "'soon'" },
		{ "heap -p 1 -d 5s", "--diff" },
		{ "heap -p 1 --format folded", "folded" },
		{ "-p 1 --by type", "the command heap" },
		{ "-p 1 --diff 5s", "the command heap" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct options o;
		struct err e;

		if (parse(&o, &e, cases[i][0]) != -EINVAL)
			fail_msg("'%s' was not refused", cases[i][0]);
		assert_int_equal(e.exit, EXIT_USAGE);
		if (!strstr(e.text, cases[i][1]))
			fail_msg("'%s': '%s' does not name %s", cases[i][0], e.text, cases[i][1]);
		options_release(&o);
	}
}

static void gc_takes_one_process_and_its_own_options(void **state)
{
	static const char *const wrong[] = { "gc", "gc -p 1,2", "-p 1 --live",
					     "-p 1 --min-pause 5ms", "gc -p 1 --min-pause soon" };
	struct options o;
	struct err e;

	(void)state;
	assert_int_equal(parse(&o, &e, "gc -p 7 -d 2m --min-pause 500us --live"), 0);
	assert_int_equal(o.command, COMMAND_GC);
	assert_int_equal(o.min_pause_ns, 500000);
	assert_true(o.live);
	options_release(&o);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		if (parse(&o, &e, wrong[i]) != -EINVAL)
			fail_msg("'%s' was not refused", wrong[i]);
		assert_int_equal(e.exit, EXIT_USAGE);
		options_release(&o);
	}
}

static void heap_has_views_of_its_own(void **state)
{
	struct options o;
	struct err e;

	(void)state;
	assert_int_equal(parse(&o, &e, "heap -p 7"), 0);
	assert_int_equal(o.command, COMMAND_HEAP);
	assert_int_equal(o.by, CENSUS_DEFAULT);
	assert_int_equal(o.diff_ns, 0);
	options_release(&o);
	assert_int_equal(parse(&o, &e, "heap -p 7 --by age --diff 2s --format json"), 0);
	assert_int_equal(o.by, CENSUS_AGE);
	assert_int_equal(o.diff_ns, 2000000000);
	options_release(&o);
}

static void what_comes_later_is_refused_by_name(void **state)
{
	static const char *const cases[][2] = {
		{"who -p 1", "command who"},
		{"top -p 1", "command top"},
		{"fds -p 1", "command fds"},
		{"ps", "command ps"},
		{"agent", "command agent"},
		{"report x.json", "command report"},
		{"diff a b", "command diff"},
		{"check -- true", "command check"},
		{"-p 1 --format pprof", "format pprof"},
		{"-p 1 --format html", "format html"},
		{"-p 1 --format speedscope", "format speedscope"},
		{"-p 1 -o x.html", "format html"},
		{"-p 1 -o x.pb.gz", "format pprof"},
		{"-p 1 -o x.speedscope.json", "format speedscope"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct options o;
		struct err e;

		if (parse(&o, &e, cases[i][0]) != -EINVAL)
			fail_msg("'%s' was not refused", cases[i][0]);
		assert_int_equal(e.exit, EXIT_USAGE);
		if (!strstr(e.text, cases[i][1]) ||
		    !strstr(e.text, "is not part of this version yet"))
			fail_msg("'%s': '%s'", cases[i][0], e.text);
		options_release(&o);
	}
}

static void more_pids_than_there_is_room_for(void **state)
{
	char line[1024] = "-p 1";
	struct options o;
	struct err e;

	(void)state;
	for (int pid = 2; pid <= OPTIONS_PIDS_MAX; pid++)
		snprintf(line + strlen(line), sizeof(line) - strlen(line), ",%d", pid);
	o = accepted(line);
	assert_int_equal(o.pid_count, OPTIONS_PIDS_MAX);
	options_release(&o);
	snprintf(line + strlen(line), sizeof(line) - strlen(line), ",%d", OPTIONS_PIDS_MAX + 1);
	assert_int_equal(parse(&o, &e, line), -EINVAL);
	assert_non_null(strstr(e.text, "more than 64"));
	options_release(&o);
}

static void help_and_version_are_printed(void **state)
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	(void)state;
	options_help(out);
	fclose(out);
	assert_non_null(strstr(text, "--fail-on-leak"));
	assert_non_null(strstr(text, "doctor"));
	assert_non_null(strstr(text, "--exact"));
	free(text);
	out = open_memstream(&text, &len);
	options_version(out);
	fclose(out);
	assert_memory_equal(text, "pyleak ", 7);
	free(text);
}

static void a_file_has_neither_width_nor_color(void **state)
{
	struct options o = accepted("-p 1 -v --top 3");
	struct format_options fo;
	FILE *out = tmpfile();

	(void)state;
	options_format(&o, out, &fo);
	assert_int_equal(fo.width, 0);
	assert_false(fo.color);
	assert_true(fo.verbose);
	assert_int_equal(fo.top, 3);
	o.color = COLOR_ALWAYS;
	setenv("LC_ALL", "C.UTF-8", 1);
	options_format(&o, out, &fo);
	assert_true(fo.color);
	assert_false(fo.ascii);
	setenv("LC_ALL", "C", 1);
	options_format(&o, out, &fo);
	assert_true(fo.ascii);
	fclose(out);
	options_release(&o);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_main_job_has_defaults),
		cmocka_unit_test(every_option_is_understood),
		cmocka_unit_test(the_suffix_chooses_the_format),
		cmocka_unit_test(other_commands),
		cmocka_unit_test(wrong_input_is_explained),
		cmocka_unit_test(gc_takes_one_process_and_its_own_options),
		cmocka_unit_test(heap_has_views_of_its_own),
		cmocka_unit_test(what_comes_later_is_refused_by_name),
		cmocka_unit_test(more_pids_than_there_is_room_for),
		cmocka_unit_test(help_and_version_are_printed),
		cmocka_unit_test(a_file_has_neither_width_nor_color),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
