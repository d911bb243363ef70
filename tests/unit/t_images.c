// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "../../user/cpython/images.h"

static struct map mapping(uint64_t inode, const char *path)
{
	return (struct map){
		.start = 0x10000, .end = 0x20000, .inode = inode, .dev = 1, .path = (char *)path
	};
}

static void what_was_kept_is_found(void **state)
{
	struct py_images *images = py_images_new();
	struct py_symbols python = { .runtime = 0x100, .type_type = 0x200 }, none = { 0 };
	struct map a = mapping(1, "/usr/bin/python3"), b = mapping(2, "/usr/lib/libc.so.6");
	struct map elsewhere = a, other = mapping(1, "/opt/python3");

	(void)state;
	assert_non_null(images);
	assert_null(py_images_find(images, &a));
	py_images_keep(images, &a, &python);
	py_images_keep(images, &b, &none);
	elsewhere.start += 0x7000000;
	elsewhere.end += 0x7000000;
	assert_int_equal(py_images_find(images, &elsewhere)->runtime, 0x100);
	assert_int_equal(py_images_find(images, &b)->runtime, 0);
	assert_null(py_images_find(images, &other));
	py_images_forget(images);
	assert_null(py_images_find(images, &a));
	py_images_free(images);
	py_images_free(NULL);
}

static void it_does_not_grow(void **state)
{
	struct py_images *images = py_images_new();
	struct py_symbols python = { .runtime = 0x100 }, none = { 0 };
	struct map last;

	(void)state;
	for (uint64_t i = 1; i <= 3 * PY_IMAGES_MAX; i++) {
		struct map m = mapping(i, "/x");

		py_images_keep(images, &m, i % 7 ? &none : &python);
		py_images_keep(images, &m, i % 7 ? &none : &python);
		assert_non_null(py_images_find(images, &m));
	}
	last = mapping(1, "/x");
	assert_null(py_images_find(images, &last));
	py_images_free(images);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_kept_is_found),
		cmocka_unit_test(it_does_not_grow),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
