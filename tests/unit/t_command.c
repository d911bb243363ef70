// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../user/command/parse.h"
#include "../../user/command/print.h"

#define WORDS_MAX 20

static const struct command *command; /* of the line parsed last */

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
	return command_parse(&command, o, argc, argv, e);
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
	assert_ptr_equal(command, &command_leaks);
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
		{"-p 1 -o a.pb.gz", "pprof"},
		{"-p 1 -o a.pprof", "pprof"},
		{"-p 1 -o a.folded --format json", "json"},
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
	assert_ptr_equal(command, &command_doctor);
	assert_int_equal(o.pid_count, 0);
	options_release(&o);
	o = accepted("-p 7 doctor");
	assert_ptr_equal(command, &command_doctor);
	assert_int_equal(o.pids[0], 7);
	options_release(&o);
	o = accepted("--help");
	assert_ptr_equal(command, &command_help);
	options_release(&o);
	o = accepted("--version --nonsense");
	assert_ptr_equal(command, &command_version);
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
		{ "-p 1 --format ''", "''" },
		{ "-p 1 -o ''", "no name" },
		{ "-p 1 -q -v", "contradict" },
		{ "-p 1 -x", "'-x'" },
		{ "-p 1 --nonsense", "'--nonsense'" },
		{ "1234", "pyleak -p 1234" },
		{ "grow", "'grow'" },
		{ "doctor doctor", "'doctor'" },
		{ "doctor -p 1,2", "one process" },
		{ "doctor --exact -p 1", "--exact" },
		{ "heap", "-p PID" },
		{ "heap -p 1 --by nothing", "'nothing'" },
		{ "heap -p 1 --by age", "--diff" },
		{ "heap -p 1 --by release", "report --since" },
		{ "report --since 1h --by type", "heap" },
		{ "report a.json --by site", "--since" },
		{ "report a.json --service shop", "--since" },
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
	static const char *const wrong[] = { "gc", "gc -p 1,2", "-p 1 --live", "-p 1 --types",
					     "gc -p 1 --live --format json",
					     "-p 1 --min-pause 5ms", "gc -p 1 --min-pause soon" };
	struct options o;
	struct err e;

	(void)state;
	assert_int_equal(parse(&o, &e, "gc -p 7 -d 2m --min-pause 500us --live"), 0);
	assert_ptr_equal(command, &command_gc);
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
	assert_ptr_equal(command, &command_heap);
	assert_int_equal(o.by, CENSUS_DEFAULT);
	assert_int_equal(o.diff_ns, 0);
	options_release(&o);
	assert_int_equal(parse(&o, &e, "heap -p 7 --by age --diff 2s --format json"), 0);
	assert_int_equal(o.by, CENSUS_AGE);
	assert_int_equal(o.diff_ns, 2000000000);
	options_release(&o);
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

static char *printed(const struct command *c)
{
	struct options o = { 0 };
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	assert_int_equal(c->run(&o, out, NULL), 0);
	fclose(out);
	return text;
}

static void help_and_version_are_printed(void **state)
{
	char *text = printed(&command_help);

	(void)state;
	assert_non_null(strstr(text, "--fail-on-leak"));
	assert_non_null(strstr(text, "--help"));
	for (unsigned i = 0; commands[i]; i++) {
		if (!strstr(text, commands[i]->usage))
			fail_msg("--help does not say how %s is used", commands[i]->word);
		if (commands[i]->about && !strstr(text, commands[i]->about))
			fail_msg("--help does not say what %s is for", commands[i]->word);
	}
	free(text);
	text = printed(&command_version);
	assert_memory_equal(text, "pyleak ", 7);
	free(text);
}

/* A slip in a name of struct command's options would make an option unusable. */
static void every_option_of_a_command_exists(void **state)
{
	unsigned rows = 0;

	(void)state;
	while (option_rows[rows].name)
		rows++;
	assert_true(rows < OPTIONS_MAX);
	for (unsigned i = 0; commands[i]; i++)
		for (unsigned j = 0; j < COMMAND_OPTIONS_MAX && commands[i]->options[j]; j++) {
			unsigned row = 0;

			while (row < rows &&
			       strcmp(option_rows[row].name, commands[i]->options[j]) != 0)
				row++;
			if (row == rows || option_rows[row].common)
				fail_msg("%s: no option of its own is called %s",
					 commands[i]->word, commands[i]->options[j]);
		}
}

static void a_file_has_neither_width_nor_color(void **state)
{
	struct options o = accepted("-p 1 -v --top 3");
	struct format_options fo;
	FILE *out = tmpfile();

	(void)state;
	print_options(&o, out, &fo);
	assert_int_equal(fo.width, 0);
	assert_false(fo.color);
	assert_true(fo.verbose);
	assert_int_equal(fo.top, 3);
	o.color = COLOR_ALWAYS;
	setenv("LC_ALL", "C.UTF-8", 1);
	print_options(&o, out, &fo);
	assert_true(fo.color);
	assert_false(fo.ascii);
	setenv("LC_ALL", "C", 1);
	print_options(&o, out, &fo);
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
		cmocka_unit_test(more_pids_than_there_is_room_for),
		cmocka_unit_test(help_and_version_are_printed),
		cmocka_unit_test(every_option_of_a_command_exists),
		cmocka_unit_test(a_file_has_neither_width_nor_color),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
