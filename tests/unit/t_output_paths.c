// SPDX-License-Identifier: Apache-2.0
/*
 * File names cut to what tells them apart.
 */
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../user/output/paths.h"

#define FILES_MAX 4

/* The paths of a report with one candidate whose stack has these @files. */
static struct paths paths_of(const char *const files[FILES_MAX])
{
	struct report r = { .count = 1 };
	struct paths p;

	r.candidates = calloc(1, sizeof(*r.candidates));
	assert_non_null(r.candidates);
	for (size_t i = 0; i < FILES_MAX && files[i]; i++) {
		struct frame *f = &r.candidates->stack.frame[r.candidates->stack.depth++];

		snprintf(f->file, sizeof(f->file), "%s", files[i]);
	}
	paths_init(&p, &r, r.count);
	report_release(&r);
	return p;
}

#define PATHS_OF(...) paths_of((const char *const[FILES_MAX]){ __VA_ARGS__ })

static void the_common_directory_keeps_its_last_part(void **state)
{
	(void)state;
	assert_string_equal(PATHS_OF("/srv/shop/app/a.py", "/srv/shop/main.py").common, "/srv/");
	assert_string_equal(PATHS_OF("/srv/shop/app/a.py", "/srv/shop/app/b.py").common,
			    "/srv/shop/");
	assert_string_equal(PATHS_OF("/srv/shop/a.py", "/srv/shopping/b.py").common, "");
	assert_string_equal(PATHS_OF("/opt/a/x.py").common, "/opt/");
}

static void nothing_is_cut_where_nothing_is_shared(void **state)
{
	(void)state;
	assert_string_equal(PATHS_OF("/srv/a.py", "/opt/b.py").common, "");
	assert_string_equal(PATHS_OF("/a.py").common, "");
	assert_string_equal(PATHS_OF("/app/a.py").common, "");
	assert_string_equal(PATHS_OF("app/a.py", "app/b.py").common, "");
	assert_string_equal(PATHS_OF("<string>", "").common, "");
}

static void libraries_do_not_count(void **state)
{
	struct paths p =
		PATHS_OF("/usr/lib/python3.11/queue.py", "/srv/x/app/a.py", "/srv/x/app/b.py");

	(void)state;
	assert_string_equal(p.common, "/srv/x/");
	assert_string_equal(paths_short(&p, "/srv/x/app/a.py"), "app/a.py");
	assert_string_equal(paths_short(&p, "/usr/lib/python3.11/queue.py"), "python3.11/queue.py");
	assert_string_equal(paths_short(&p, "/v/lib/python3.11/site-packages/flask/app.py"),
			    "site-packages/flask/app.py");
	assert_string_equal(paths_short(&p, "/usr/lib/python3/dist-packages/six.py"),
			    "dist-packages/six.py");
	assert_string_equal(paths_short(&p, "/srv/y.py"), "/srv/y.py");
	assert_string_equal(paths_short(&p, "<string>"), "<string>");
	assert_true(paths_is_library("<frozen runpy>"));
	assert_true(paths_is_library("/usr/lib/python3/dist-packages/six.py"));
	assert_false(paths_is_library("/srv/y.py"));
}

static void expect(const struct frame *f, int columns, const char *want)
{
	struct paths p = { .common = "/srv/" };
	char buf[512];

	paths_frame(&p, f, columns, buf, sizeof(buf));
	assert_string_equal(buf, want);
}

static void frames_lose_directories_where_room_is_short(void **state)
{
	struct frame f = { .file = "/srv/app/views/cart.py", .function = "add", .line = 7 };

	(void)state;
	expect(&f, INT_MAX, "app/views/cart.py:7 in add");
	expect(&f, 26, "app/views/cart.py:7 in add");
	expect(&f, 25, "\xe2\x80\xa6/cart.py:7 in add");
	expect(&f, 1, "\xe2\x80\xa6/cart.py:7 in add");
	f.line = 0;
	expect(&f, INT_MAX, "app/views/cart.py in add");
	f.file[0] = '\0';
	expect(&f, INT_MAX, "add");
	f.native = true;
	expect(&f, INT_MAX, "add");
	snprintf(f.file, sizeof(f.file), "/srv/app/_add.so");
	expect(&f, INT_MAX, "_add.so: add");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_common_directory_keeps_its_last_part),
		cmocka_unit_test(nothing_is_cut_where_nothing_is_shared),
		cmocka_unit_test(libraries_do_not_count),
		cmocka_unit_test(frames_lose_directories_where_room_is_short),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
