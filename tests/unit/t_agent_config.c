// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "../../user/agent/config.h"

static char path[] = "/tmp/pyleak-config-XX"
		     "XX"
		     "XX";

static int read_text(struct config *c, const char *text, struct err *e)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	fputs(text, f);
	fclose(f);
	*e = (struct err){ 0 };
	return config_read(c, path, e);
}

static void keys_are_read(void **state)
{
	struct config c;
	struct err e;

	(void)state;
	assert_int_equal(
		read_text(&c,
			  "; a comment\n[watch]\ninterval = 10s\n[look]\nbudget_percent = 0.5\n"
			  "concurrent = 3\n[push]\nremote_write = http://10.0.0.1/write\n"
			  "[privacy]\nvalues = yes\n",
			  &e),
		0);
	assert_int_equal(c.watch.interval_ns, 10000000000ull);
	assert_true(c.look.budget_percent == 0.5);
	assert_int_equal(c.look.concurrent, 3);
	assert_string_equal(c.push.remote_write, "http://10.0.0.1/write");
	assert_true(c.values);
	assert_string_equal(c.serve.listen, "127.0.0.1:9317"); /* as it is without a file */
}

static void what_is_wrong_is_named_with_its_line(void **state)
{
	static const char *const cases[][2] = {
		{ "[watch]\ninterval = soon\n", "line 2: interval = soon: not a duration" },
		{ "[watch]\n\ninterval = 1ms\n", "line 3: interval = 1ms: not a duration of 1" },
		{ "[look]\nconcurrent = 99\n", "not a whole number from 0 to 8" },
		{ "[look]\nconcurrent = 1.5\n", "not a whole number" },
		{ "[look]\nhost_percent = nan\n", "not a number" },
		{ "[watch]\nspeed = 1\n", "no key 'speed' in [watch]" },
		{ "listen = x\n", "no key 'listen' in []" },
		{ "[privacy]\nvalues = maybe\n", "neither yes nor no" },
		{ "[serve]\nlisten = 9317\n", "ADDRESS:PORT" },
		{ "[serve]\nkey = /x\n", "belong together" },
		{ "[look]\nagain = 2h\nagain_most = 1h\n", "again_most is less" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct config c;
		struct err e;

		assert_true(read_text(&c, cases[i][0], &e) < 0);
		assert_int_equal(e.exit, EXIT_USAGE);
		if (!strstr(e.text, cases[i][1]))
			fail_msg("'%s' without '%s'", e.text, cases[i][1]);
	}
}

/* What --check-config prints is a configuration that says the same. */
static void what_is_printed_can_be_read(void **state)
{
	struct config before, after;
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);
	struct err e;

	(void)state;
	config_defaults(&before);
	before.look.budget_percent = 0.25;
	snprintf(before.push.otlp, sizeof(before.push.otlp), "http://127.0.0.1:4318/v1/metrics");
	config_print(&before, out);
	fclose(out);
	assert_int_equal(read_text(&after, text, &e), 0);
	assert_memory_equal(&before, &after, sizeof(before));
	free(text);
}

static void a_file_that_was_named_must_be_there(void **state)
{
	struct config c;
	struct err e = { 0 };

	(void)state;
	assert_true(config_read(&c, "/nowhere/agent.conf", &e) < 0);
	assert_non_null(strstr(e.text, "/nowhere/agent.conf"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keys_are_read),
		cmocka_unit_test(what_is_wrong_is_named_with_its_line),
		cmocka_unit_test(what_is_printed_can_be_read),
		cmocka_unit_test(a_file_that_was_named_must_be_there),
	};
	int failed, fd = mkstemp(path);

	if (fd < 0)
		return 1;
	close(fd);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	unlink(path);
	return failed;
}
