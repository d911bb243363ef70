// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "../../user/output/format.h"
#include "../../user/saved/saved.h"

static char path[64];

static void save(const char *text)
{
	FILE *out = fopen(path, "w");

	assert_non_null(out);
	fputs(text, out);
	fclose(out);
}

static char *printed(const struct saved *s)
{
	const struct format *json = format_by_name("json");
	const struct format_options how = { 0 };
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	assert_int_equal(s->kind == SAVED_PAUSES ? json->pauses(out, &s->pauses, &how)
						 : json->leaks(out, &s->leaks, &how),
			 0);
	fclose(out);
	return text;
}

/* What is printed, saved, read and printed again is the same. */
static void check_round(const struct saved *s)
{
	char *first = printed(s), *second;
	struct saved again;
	struct err e = { 0 };

	save(first);
	assert_int_equal(saved_read(&again, path, &e), 0);
	assert_int_equal(again.kind, s->kind);
	second = printed(&again);
	assert_string_equal(first, second);
	free(first);
	free(second);
	saved_release(&again);
}

static void leaks_come_back_as_they_were(void **state)
{
	struct saved s = { .kind = SAVED_LEAKS };
	struct report *r = &s.leaks;
	struct candidate *c;

	(void)state;
	*r = (struct report){ .pid = 42, .comm = "gunicorn", .python = "3.11.2", .threads = 8,
			      .duration_seconds = 3.5, .walks = 3, .walk_seconds = { 0, 1, 2.5 },
			      .verdict = VERDICT_LEAK, .summary = "one holder <grows>",
			      .threshold_bytes_per_second = 226,
			      .before = { .rss = 4096, .swap = UNKNOWN, .native_free = 12 },
			      .loss = { .torn_reads = 3 }, .cost = { .target_cpu_percent = -1 } };
	r->started.tv_sec = 1790000000;
	r->limit = (struct limit){ .bytes = 1 << 20, .used = 7, .of = "this machine",
				   .growth = 5, .growth_low = 4, .growth_high = 6,
				   .growth_known = true, .seconds = 100, .seconds_low = -1,
				   .seconds_high = 200 };
	report_warn(r, "watchpoints were denied");
	r->candidates = calloc(2, sizeof(*r->candidates));
	r->count = 2;
	c = &r->candidates[0];
	*c = (struct candidate){ .verdict = VERDICT_LEAK, .confidence = 0.99,
				 .bytes_per_second = 1000.5, .inuse_bytes = 17,
				 .inuse_objects = UNKNOWN, .type = "dict", .held_by = "module a: B",
				 .sizes = { 1, UNKNOWN, 3 }, .siblings = 2, .stored_known = true,
				 .stored_at = { "a.py", "keep", 7, false },
				 .stack = { .depth = 1, .truncated = true }, .hits = 5 };
	c->stack.frame[0] = c->stored_at;
	candidate_evidence(c, "survived 3 of 3 walks");
	r->candidates[1] = (struct candidate){ .verdict = VERDICT_CACHE, .inuse_bytes = UNKNOWN,
					       .why_no_line = "no write was seen" };
	check_round(&s);
	saved_release(&s);
}

static void collections_come_back_as_they_were(void **state)
{
	struct saved s = { .kind = SAVED_PAUSES };
	struct pauses *p = &s.pauses;

	(void)state;
	*p = (struct pauses){ .look = { .pid = 7, .duration_seconds = 10 },
			      .began_ns = 5000000000, .enabled = true, .threshold = { 700, 10, 10 },
			      .tracked = 1000, .garbage = 2, .garbage_types = 1, .sampled = true,
			      .unfinished = 1, .unfinished_seconds = 1.5, .attached_by = "symbol" };
	p->look.started.tv_sec = 1790000000;
	p->look.started.tv_nsec = 123;
	p->garbage_type[0].objects = 2;
	memcpy(p->garbage_type[0].type, "app.Node", 9);
	p->generation[2] = (struct pause_summary){ .count = 1, .total_ns = 9000, .max_ns = 9000 };
	p->generation[2].scale[13] = 1;
	p->pause = calloc(1, sizeof(*p->pause));
	p->pause[0] = (struct pause){ .start_ns = 6000000000, .pause_ns = 9000, .generation = 2,
				      .cause = PAUSE_EXPLICIT, .collected = 3, .tracked = UNKNOWN,
				      .interpreter = UNKNOWN, .tid = 9 };
	p->count = 1;
	p->stack = calloc(1, sizeof(*p->stack));
	p->stack[0] = (struct pause_stack){ .own = 1, .count = 1, .pause_ns = 9000 };
	p->stack[0].stack.depth = 2;
	p->stacks = 1;
	p->freed = (struct pause_freed){ .samples = 2, .types = 1 };
	p->freed.type[0] = (struct pause_freed_type){ .type = "list", .share = 0.5,
						      .plus_minus = -1 };
	p->finding[0] = (struct pause_finding){ .name = "growing", .severity = PAUSE_BAD };
	p->findings = 1;
	check_round(&s);
	saved_release(&s);
}

static void what_is_no_report_is_named(void **state)
{
	static const struct {
		const char *text, *said;
	} bad[] = {
		{ "", "is not JSON" },
		{ "{\"schema\": \"pyleak.report/1\"", "is not JSON" },
		{ "[]", "names no schema" },
		{ "{\"a\": 1}", "names no schema" },
		{ "{\"schema\": \"pyleak.report/9\"}", "'pyleak.report/9'" },
		{ "{\"schema\": \"pyleak.report/1\", \"verdict\": \"leak\", \"candidates\": 3}",
		  "candidates is not as" },
		{ "{\"schema\": \"pyleak.report/1\", \"verdict\": \"bad\"}", "verdict is not as" },
		{ "{\"schema\": \"pyleak.report/1\", \"verdict\": \"leak\", \"candidates\": [7]}",
		  "an element of a list" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct err e = { 0 };
		struct saved s;

		save(bad[i].text);
		assert_int_equal(saved_read(&s, path, &e), -EINVAL);
		assert_non_null(strstr(e.text, bad[i].said));
		saved_release(&s);
	}
}

static void a_report_of_a_schema_may_lack_what_came_later(void **state)
{
	struct err e = { 0 };
	struct saved s;

	(void)state;
	save("{\"schema\": \"pyleak.report/1\", \"verdict\": \"no-growth\", \"later\": [1]}");
	assert_int_equal(saved_read(&s, path, &e), 0);
	assert_int_equal(s.leaks.verdict, VERDICT_NO_GROWTH);
	assert_int_equal(s.leaks.before.rss, UNKNOWN);
	assert_true(s.leaks.cost.target_cpu_percent < 0);
	saved_release(&s);
	assert_int_equal(saved_read(&s, "/nonexistent", &e), -ENOENT);
	saved_release(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(leaks_come_back_as_they_were),
		cmocka_unit_test(collections_come_back_as_they_were),
		cmocka_unit_test(what_is_no_report_is_named),
		cmocka_unit_test(a_report_of_a_schema_may_lack_what_came_later),
	};
	int failed;

	snprintf(path, sizeof(path), "/tmp/pyleak-t_saved.%d", (int)getpid());
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	unlink(path);
	return failed;
}
