// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "../../user/util/protobuf.h"

static void check(const struct protobuf *p, const char *bytes, size_t len)
{
	assert_false(p->failed);
	assert_int_equal(p->len, len);
	assert_memory_equal(p->data, bytes, len);
}

/* Bytes as the "Encoding" page of the documentation gives them. */
static void fields_as_documented(void **state)
{
	static const uint64_t packed[] = { 3, 270, 86942 };
	struct protobuf p = { 0 }, inner = { 0 };

	(void)state;
	protobuf_uint(&p, 1, 150);
	check(&p, "\x08\x96\x01", 3);
	protobuf_clear(&p);
	protobuf_text(&p, 2, "testing");
	check(&p, "\x12\x07testing", 9);
	protobuf_clear(&p);
	protobuf_packed(&p, 6, packed, 3);
	check(&p, "\x32\x06\x03\x8e\x02\x9e\xa7\x05", 8);
	protobuf_clear(&p);
	protobuf_uint(&inner, 1, 150);
	protobuf_message(&p, 3, &inner);
	check(&p, "\x1a\x03\x08\x96\x01", 5);
	protobuf_clear(&p);
	protobuf_int(&p, 1, -2);
	check(&p, "\x08\xfe\xff\xff\xff\xff\xff\xff\xff\xff\x01", 11);
	protobuf_clear(&p);
	protobuf_double(&p, 1, 1.0);
	check(&p, "\x09\0\0\0\0\0\0\xf0\x3f", 9);
	protobuf_clear(&p);
	protobuf_uint(&p, 16, 0);
	protobuf_text(&p, 1, "");
	check(&p, "\x80\x01\0\x0a\0", 5);
	protobuf_release(&p);
	protobuf_release(&inner);
}

static void a_failure_stays(void **state)
{
	static unsigned char large[PROTOBUF_MAX / 2];
	struct protobuf p = { 0 }, outer = { 0 };

	(void)state;
	protobuf_bytes(&p, 1, large, sizeof(large));
	assert_false(p.failed);
	protobuf_bytes(&p, 1, large, sizeof(large));
	assert_true(p.failed);
	protobuf_message(&outer, 1, &p);
	assert_true(outer.failed);
	protobuf_clear(&p);
	protobuf_uint(&p, 1, 1);
	check(&p, "\x08\x01", 2);
	protobuf_release(&p);
	protobuf_release(&outer);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fields_as_documented),
		cmocka_unit_test(a_failure_stays),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
