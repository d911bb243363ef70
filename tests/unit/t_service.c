// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "../../user/target/service.h"

static void of_the_environment(void **state)
{
	static const char both[] = "A=1\0OTEL_RESOURCE_ATTRIBUTES=deployment=eu,service.name=shop,"
				   "service.version=1.8.2\0OTEL_SERVICE_NAME=checkout";
	static const char list[] = "OTEL_RESOURCE_ATTRIBUTES=service.name=shop";
	static const char other[] =
		"XOTEL_SERVICE_NAME=no\0OTEL_RESOURCE_ATTRIBUTES=my.service.name=no";
	struct service s;

	(void)state;
	assert_true(service_of_environment(both, sizeof(both), &s));
	assert_string_equal(s.name, "checkout");
	assert_string_equal(s.release, "1.8.2");
	assert_true(service_of_environment(list, sizeof(list), &s));
	assert_string_equal(s.name, "shop");
	assert_string_equal(s.release, "");
	assert_false(service_of_environment(other, sizeof(other), &s));
	assert_false(service_of_environment("", 0, &s));
}

static void of_the_cgroup(void **state)
{
	static const struct {
		const char *cgroup, *name;
	} cases[] = {
		{ "0::/system.slice/web.service\n", "web" },
		{ "0::/system.slice/system-web.slice/web@2.service\n", "web@2" },
		{ "12:cpu:/\n1:name=systemd:/system.slice/web.service\n", "web" },
		{ "0::/user.slice/user-1000.slice/user@1000.service/app.slice/jobs.service\n",
		  "jobs" },
		{ "0::/user.slice/user-1000.slice/user@1000.service/init.scope\n", "" },
		{ "0::/user.slice/user-1000.slice/session-2.scope\n", "" },
		{ "0::/a.services/b\n", "" },
		{ "", "" },
	};
	char out[96];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(service_of_cgroup(cases[i].cgroup, out, sizeof(out)),
				 cases[i].name[0] != 0);
		assert_string_equal(out, cases[i].name);
	}
}

static void of_the_command(void **state)
{
#define CASE(text, name)                 \
	{                                \
		text, sizeof(text), name \
	}
	static const struct {
		const char *text;
		size_t len;
		const char *name;
	} cases[] = {
		CASE("/usr/bin/python3\0/srv/app.py", "app"),
		CASE("python3.11\0-u\0-X\0dev\0-Wignore\0app.py\0--port", "app"),
		CASE("python3\0-m\0celery\0worker", "celery"),
		CASE("/venv/bin/python3\0/venv/bin/gunicorn\0app:main", "gunicorn"),
		CASE("python3\0/srv/shop/__main__.py", "shop"),
		CASE("gunicorn: worker [app]", "gunicorn"),
		CASE("/usr/bin/uwsgi\0--ini\0x", "uwsgi"),
		CASE("python3\0-c\0import secret", ""),
		CASE("python3", ""),
		CASE("python3\0-m", ""),
		{ "", 0, "" },
	};
	char out[96];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(service_of_command(cases[i].text, cases[i].len, out, sizeof(out)),
				 cases[i].name[0] != 0);
		assert_string_equal(out, cases[i].name);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(of_the_environment),
		cmocka_unit_test(of_the_cgroup),
		cmocka_unit_test(of_the_command),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
