// SPDX-License-Identifier: Apache-2.0
/*
 * Text of str objects of every layout, and of things that are none.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "../../user/cpython/text.h"
#include "fake_python.h"

static struct remote memory;

static void for_every_layout(void (*check)(struct fake *f))
{
	unsigned int layouts = 0;

	remote_init(&memory, getpid());
	for (int minor = 8; minor < 30; minor++) {
		struct py_layout l;
		struct fake f;

		if (py_layout_table(&l, 3, minor))
			continue;
		layouts++;
		fake_init(&f, &l);
		check(&f);
		fake_release(&f);
	}
	assert_true(layouts >= 7);
}

static void expect(struct fake *f, uint64_t str, size_t cap, const char *want)
{
	char buf[600];
	ssize_t len;

	memset(buf, '#', sizeof(buf));
	len = py_text(&f->l, &memory, str, buf, cap);
	if (len < 0)
		fail_msg("3.%d: %zd instead of '%s'", f->l.minor, len, want);
	assert_string_equal(buf, want);
	assert_int_equal(len, strlen(want));
	assert_int_equal(buf[cap], '#');
}

static void check_kinds(struct fake *f)
{
	static const uint8_t latin1[] = { 'n', 0xe4, 'h', 0xff };
	static const uint16_t ucs2[] = { 'a', 0x20ac, 0x3b1 };
	static const uint32_t ucs4[] = { 'a', 0x1f40d, 0xe9 };

	expect(f, fake_ascii(f, "SESSIONS"), 64, "SESSIONS");
	expect(f, fake_ascii(f, ""), 64, "");
	expect(f, fake_str(f, latin1, 4, 1, 0), 64, "n\xc3\xa4h\xc3\xbf");
	expect(f, fake_str(f, ucs2, 3, 2, 0), 64, "a\xe2\x82\xac\xce\xb1");
	expect(f, fake_str(f, ucs4, 3, 4, 0), 64, "a\xf0\x9f\x90\x8d\xc3\xa9");
}

static void every_kind_becomes_utf8(void **state)
{
	(void)state;
	for_every_layout(check_kinds);
}

/* Nothing is mapped behind it. */
static void check_end(struct fake *f)
{
	uint64_t str = fake_ascii(f, "SESSIONS");
	size_t size = (f->l.us_ascii_data + sizeof("SESSIONS") + 15) & ~(size_t)15;
	size_t page = (size_t)getpagesize();
	char *pages = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
			   0);
	char *end = pages + page - size;

	assert_ptr_not_equal(pages, MAP_FAILED);
	munmap(pages + page, page);
	memcpy(end, (void *)(uintptr_t)str, f->l.us_ascii_data + sizeof("SESSIONS"));
	expect(f, (uint64_t)(uintptr_t)end, 64, "SESSIONS");
	munmap(pages, page);
}

static void a_str_may_end_where_memory_does(void **state)
{
	(void)state;
	for_every_layout(check_end);
}

static void check_cut(struct fake *f)
{
	static const uint16_t euros[] = { 0x20ac, 0x20ac, 0x20ac, 0x20ac };
	char longer[2001];

	expect(f, fake_ascii(f, "0123456789"), 11, "0123456789");
	expect(f, fake_ascii(f, "0123456789"), 10, "012345...");
	expect(f, fake_ascii(f, "0123456789"), 4, "...");
	expect(f, fake_ascii(f, "0123456789"), 2, ".");
	expect(f, fake_ascii(f, "0123456789"), 1, "");
	expect(f, fake_str(f, euros, 4, 2, 0), 13,
	       "\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac");
	expect(f, fake_str(f, euros, 4, 2, 0), 12, "\xe2\x82\xac\xe2\x82\xac...");
	expect(f, fake_str(f, euros, 4, 2, 0), 8, "\xe2\x82\xac...");
	expect(f, fake_str(f, euros, 4, 2, 0), 6, "...");
	/* More than is read at once. */
	memset(longer, 'a', 2000);
	memcpy(longer + 511, "bc", 2);
	longer[600] = '\0';
	{
		char want[600];

		snprintf(want, sizeof(want), "%.*s...", 586, longer);
		expect(f, fake_ascii(f, longer), 590, want);
	}
}

static void what_does_not_fit_is_cut_between_characters(void **state)
{
	(void)state;
	for_every_layout(check_cut);
}

static void check_unprintable(struct fake *f)
{
	static const uint8_t control[] = { 'a', 0x1b, '\n', 0x7f, 0x9b, 0 };
	static const uint16_t marks[] = { 0x202e, 0xd800, 0xfeff, 'z' };
	static const uint32_t beyond[] = { 0x110000, 0xffffffff, 'z' };

	expect(f, fake_str(f, control, 6, 1, 0), 64, "a?????");
	expect(f, fake_str(f, marks, 4, 2, 0), 64, "???z");
	expect(f, fake_str(f, beyond, 3, 4, 0), 64, "??z");
}

static void unprintable_characters_are_replaced(void **state)
{
	(void)state;
	for_every_layout(check_unprintable);
}

static void refuse(struct fake *f, uint64_t address, int want)
{
	char buf[16] = "x";

	assert_int_equal(py_text(&f->l, &memory, address, buf, sizeof(buf)), want);
	assert_string_equal(buf, "");
}

static void check_refused(struct fake *f)
{
	uint64_t legacy = fake_ascii(f, "a"), other = fake_ascii(f, "a"), huge = fake_ascii(f, "a");
	uint64_t odd = fake_ascii(f, "a");

	fake_set32(legacy, f->l.us_state,
		   f->l.minor >= 14 ? 1u << 16 : 1u << 2); /* kind 1, not compact */
	refuse(f, legacy, -EINVAL);
	fake_set32(legacy, f->l.us_state, 0); /* not ready */
	refuse(f, legacy, -EINVAL);
	fake_set32(odd, f->l.us_state, 3u << 2 | 1u << 5);
	refuse(f, odd, -EINVAL);
	fake_set64(other, f->l.ob_type, f->bytes_type);
	refuse(f, other, -EINVAL);
	fake_set64(other, f->l.ob_type, 0x7000000000f8);
	refuse(f, other, -EINVAL);
	fake_set64(huge, f->l.us_length, UINT64_MAX);
	refuse(f, huge, -EINVAL);
	refuse(f, 0, -EINVAL);
	refuse(f, legacy + 1, -EINVAL);
	refuse(f, 0xffff800000000000, -EINVAL);
	refuse(f, 0x7000000000f8, -EINVAL);
}

static void what_is_no_compact_str_is_refused(void **state)
{
	(void)state;
	for_every_layout(check_refused);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_kind_becomes_utf8),
		cmocka_unit_test(a_str_may_end_where_memory_does),
		cmocka_unit_test(what_does_not_fit_is_cut_between_characters),
		cmocka_unit_test(unprintable_characters_are_replaced),
		cmocka_unit_test(what_is_no_compact_str_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
