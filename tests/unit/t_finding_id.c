// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "../../user/agent/findings.h"

static struct finding make(const char *held_by, const char *file, int line, const char *function)
{
	struct report r = { .pid = 42, .service = "shop", .release = "1.8.2" };
	struct candidate c = { .verdict = VERDICT_LEAK, .type = "dict" };
	struct finding f;

	snprintf(c.held_by, sizeof(c.held_by), "%s", held_by);
	if (function) {
		c.stored_known = true;
		c.stored_at.line = line;
		snprintf(c.stored_at.file, sizeof(c.stored_at.file), "%s", file);
		snprintf(c.stored_at.function, sizeof(c.stored_at.function), "%s", function);
	}
	finding_of(&f, &r, &c, false);
	return f;
}

static void the_same_leak_has_the_same_id(void **state)
{
	struct finding a = make("module app: CACHE['eve@example.com'].rows", "/srv/1.8.2/app/c.py",
				41, "remember");
	struct finding b = make("module app: CACHE['bob@example.com'].rows", "/opt/1.9.0/app/c.py",
				44, "remember");

	(void)state;
	assert_string_equal(a.id, b.id);
	assert_int_equal(strlen(a.id), 16);
	assert_int_equal(a.line, 41);
	assert_string_equal(a.holder, "module app: CACHE[*].rows");
}

static void another_has_another(void **state)
{
	struct finding a = make("module app: CACHE", "/srv/app/c.py", 41, "remember");
	const struct finding others[] = {
		make("module app: STATE", "/srv/app/c.py", 41, "remember"),
		make("module app: CACHE", "/srv/app/d.py", 41, "remember"),
		make("module app: CACHE", "/srv/app/c.py", 41, "forget"),
	};

	(void)state;
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		assert_string_not_equal(a.id, others[i].id);
}

/* Files that are kept leak memory and descriptors. */
static void descriptors_have_another(void **state)
{
	struct finding memory = make("module app: FILES", "/srv/app/c.py", 41, "remember"), files;
	struct report r = { .service = "shop" };
	struct candidate c = { .verdict = VERDICT_RESOURCE,
			       .type = "dict",
			       .held_by = "module app: FILES",
			       .content = "file x3: /srv/letters/eve",
			       .stored_known = true,
			       .stored_at = { .file = "/srv/app/c.py", .function = "remember" } };

	(void)state;
	finding_of(&files, &r, &c, false);
	assert_string_not_equal(memory.id, files.id);
	r.candidates = &c;
	r.count = 1;
	finding_hide_values(&r);
	assert_string_equal(c.content, "");
}

static void keys_are_hidden(void **state)
{
	static const char *const cases[][2] = {
		{ "module app: CACHE", "module app: CACHE" },
		{ "module app: CACHE[*].rows[*]", "module app: CACHE[*].rows[*]" },
		{ "module app: CACHE['eve'].rows", "module app: CACHE[*].rows" },
		{ "module app: CACHE['eve']['orders']", "module app: CACHE[*]" },
		{ "module app: CACHE['a\\'].secret']", "module app: CACHE[*]" },
		{ "module app: CACHE['].secret'].x", "module app: CACHE[*].x" },
		{ "module app: CACHE[12]", "module app: CACHE[*]" },
		{ "module app: CACHE[1]", "module app: CACHE[*]" },
		{ "module app: CACHE['cut in the midd", "module app: CACHE" },
		{ "module app: CACHE[*]['cut", "module app: CACHE[*]" },
		{ "", "" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char path[512];

		snprintf(path, sizeof(path), "%s", cases[i][0]);
		finding_hide_keys(path);
		assert_string_equal(path, cases[i][1]);
	}
}

static void files_are_told_without_where_they_are(void **state)
{
	(void)state;
	assert_string_equal(finding_file("/srv/1.8.2/shop/app/cache.py"), "app/cache.py");
	assert_string_equal(finding_file("/v/lib/python3.11/site-packages/flask/app.py"),
			    "site-packages/flask/app.py");
	assert_string_equal(finding_file("app.py"), "app.py");
	assert_string_equal(finding_file("/app.py"), "/app.py");
	assert_string_equal(finding_file(""), "");
}

static void a_look_without_a_line_is_the_same_finding(void **state)
{
	struct finding with = make("module app: CACHE", "/srv/app/c.py", 41, "remember");
	struct finding without = make("module app: CACHE", "", 0, NULL);
	struct findings all = { 0 };
	struct open_finding *at;

	(void)state;
	assert_int_equal(findings_add(&all, &with, 1, &at), 1);
	assert_int_equal(findings_add(&all, &without, 1, &at), 0);
	assert_string_equal(at->finding.id, with.id);
	assert_string_equal(at->finding.function, "remember");
	assert_int_equal(findings_add(&all, &with, 2, &at), 1); /* another service */
	assert_int_equal(all.count, 2);
	findings_release(&all);
}

static bool nobody_lives(void *arg, uint64_t group)
{
	(void)arg;
	return group == 1;
}

static void findings_are_bounded_and_forgotten(void **state)
{
	struct timespec now = { .tv_sec = 10000 };
	struct findings all = { 0 };
	struct open_finding *at;

	(void)state;
	for (int i = 0; i < FINDINGS_MAX + 10; i++) {
		char holder[64];
		struct finding f;

		snprintf(holder, sizeof(holder), "module app: C%d", i);
		f = make(holder, "/a/b.py", 1, "f");
		f.seen.tv_sec = i;
		assert_int_equal(findings_add(&all, &f, i % 2, &at), 1);
	}
	assert_int_equal(all.count, FINDINGS_MAX);
	assert_int_equal(all.dropped, 10);
	findings_forget(&all, &now, 900, nobody_lives, NULL);
	assert_int_equal(all.count, FINDINGS_MAX / 2);
	findings_release(&all);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_same_leak_has_the_same_id),
		cmocka_unit_test(another_has_another),
		cmocka_unit_test(descriptors_have_another),
		cmocka_unit_test(keys_are_hidden),
		cmocka_unit_test(files_are_told_without_where_they_are),
		cmocka_unit_test(a_look_without_a_line_is_the_same_finding),
		cmocka_unit_test(findings_are_bounded_and_forgotten),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
