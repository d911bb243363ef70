// SPDX-License-Identifier: Apache-2.0
/*
 * From measurements to verdicts: each verdict once, and what lies just beside it; the order of a
 * report and the verdict on a whole process.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "../../user/rank/verdict.h"

#define LOOK 15.0

/* A container that grows by @per_second and whose survivors were born in the first ten seconds. */
static struct measured container(double per_second)
{
	struct measured m = { .look = LOOK,
			      .interval = 10,
			      .objects = 200,
			      .bytes = 20000,
			      .siblings = 1,
			      .bound = UNKNOWN,
			      .lasting = true };

	for (double t = 0; t <= LOOK; t += 0.5)
		series_add(&m.size, t, 1000 + per_second * t);
	return m;
}

static struct measured slot(uint64_t objects)
{
	return (struct measured){ .look = LOOK,
				  .interval = 10,
				  .objects = objects,
				  .bytes = objects * 100,
				  .siblings = 1,
				  .slots_of_one = 1,
				  .newborn_per_second = (double)objects / 10,
				  .bound = UNKNOWN,
				  .lasting = true };
}

static struct candidate expect(const struct measured *m, enum verdict verdict, const char *because)
{
	struct candidate c = { .evidence_count = 3, .verdict = VERDICT_NATIVE };
	bool said = false;

	verdict_judge(&c, m);
	if (c.verdict != verdict)
		fail_msg("%s instead of %s (%s)", verdict_name(c.verdict), verdict_name(verdict),
			 because);
	assert_true(c.confidence >= 0 && c.confidence <= 0.99);
	assert_in_range(c.evidence_count, 1, REPORT_EVIDENCE_MAX);
	for (uint32_t i = 0; i < c.evidence_count; i++)
		said = said || strstr(c.evidence[i], because);
	if (!said)
		fail_msg("no evidence says: %s", because);
	assert_int_equal(c.inuse_objects, m->objects);
	assert_int_equal(c.inuse_bytes, m->bytes);
	return c;
}

static void a_container_that_grows_is_a_leak(void **state)
{
	struct measured m = container(20);
	struct candidate c = expect(&m, VERDICT_LEAK, "standard deviations from chance");

	(void)state;
	assert_true(c.confidence > 0.9);
	assert_true(c.bytes_per_second == 2000 && c.objects_per_second == 20);
	assert_true(verdict_is_plain(&c, &m));
}

static void a_container_that_does_not_is_none(void **state)
{
	struct measured m = container(0);

	(void)state;
	expect(&m, VERDICT_CACHE, "replaced");
	m = container(-5);
	expect(&m, VERDICT_CACHE, "replaced");
	m = container(20);
	m.bound = 4096;
	expect(&m, VERDICT_CACHE, "bounded");
	m = container(20);
	m.lasting = false;
	expect(&m, VERDICT_UNDECIDED, "standard deviations");
	m = container(20);
	m.through_raw = true;
	expect(&m, VERDICT_UNDECIDED, "stale");
	m = container(0.2); /* three elements */
	expect(&m, VERDICT_UNDECIDED, "standard deviations");
	m = container(20);
	m.arrivals_per_second = 1e5;
	expect(&m, VERDICT_CACHE, "stayed");
	m.arrivals_per_second = 300; /* 7 % stay: not told from chance in this time */
	assert_true(expect(&m, VERDICT_UNDECIDED, "would settle it").settled_by > LOOK);
}

static void other_shapes_have_their_own_verdicts(void **state)
{
	struct measured m = container(0);

	(void)state;
	m.size.count = 0;
	for (double t = 0; t <= LOOK; t += 0.5)
		series_add(&m.size, t, t < 3 ? 100 + 100 * t : 400 + t);
	expect(&m, VERDICT_UNDECIDED, "slows down");
	m.size.count = 0;
	for (double t = 0; t <= LOOK; t += 0.5)
		series_add(&m.size, t, t < 3 ? 100 + 100 * t : 400);
	expect(&m, VERDICT_WARM_UP, "stopped growing");
	m.replaced = 20;
	expect(&m, VERDICT_CACHE, "replaced others");
	m.replaced = 0;
	m.size.count = 0;
	for (double t = 0; t <= LOOK; t += 0.5)
		series_add(&m.size, t, 100 + 60 * fmod(t, 4));
	expect(&m, VERDICT_CACHE, "emptied");
	m.size.count = 0;
	for (double t = 0; t <= LOOK; t += 0.25)
		series_add(&m.size, t, 100 + 60 * fmod(t, 1.5) + 10 * floor(t / 1.5));
	expect(&m, VERDICT_LEAK, "every time more was left");
}

static void slots_are_judged_by_what_keeps_coming(void **state)
{
	struct measured m = slot(200);

	(void)state;
	expect(&m, VERDICT_LEAK, "still there");
	m.lasting = false;
	expect(&m, VERDICT_UNDECIDED, "still there");
	m = slot(200);
	m.newborn_per_second = 0;
	expect(&m, VERDICT_UNDECIDED, "any more");
	m = slot(200);
	m.slots_of_one = 50;
	expect(&m, VERDICT_CACHE, "replaced");
	m = slot(10000);
	m.heap_gain = -1e6;
	expect(&m, VERDICT_UNDECIDED, "heap");
	m.heap_noise = 2e6;
	expect(&m, VERDICT_LEAK, "still there");
}

/* One thing that was replaced once: whatever it is called, it is no leak. */
static void what_is_gone_when_looked_at_again_is_no_leak(void **state)
{
	struct measured m = slot(200);

	(void)state;
	m.looked_again = 12;
	m.gone = 5;
	expect(&m, VERDICT_LEAK, "still there");
	m.gone = 6;
	expect(&m, VERDICT_CACHE, "6 were gone");
	m.looked_again = m.gone = 5;
	expect(&m, VERDICT_LEAK, "still there");
	/* of a container that grows half may go */
	m = container(20);
	m.looked_again = 12;
	m.gone = 10;
	expect(&m, VERDICT_LEAK, "standard deviations");
	m.gone = 11;
	expect(&m, VERDICT_UNDECIDED, "of 12 of them that were looked at again 11 were gone");
}

static void few_objects_are_no_leak(void **state)
{
	struct measured m = slot(4);
	struct candidate c = { 0 };

	(void)state;
	verdict_judge(&c, &m);
	assert_int_not_equal(c.verdict, VERDICT_LEAK);
	assert_false(verdict_is_plain(&c, &m));
}

static void a_look_without_time_ends(void **state)
{
	struct measured m = { .bound = UNKNOWN };
	struct candidate c = { 0 };

	(void)state;
	verdict_judge(&c, &m);
	assert_int_not_equal(c.verdict, VERDICT_LEAK);
	assert_true(c.bytes_per_second == 0 && c.objects_per_second == 0);
	m.objects = m.bytes = UINT64_MAX;
	verdict_judge(&c, &m);
	assert_int_not_equal(c.verdict, VERDICT_LEAK);
	series_add(&m.size, 0, 5);
	verdict_judge(&c, &m);
	assert_int_not_equal(c.verdict, VERDICT_LEAK);
	assert_true(verdict_threshold(0) == 0 && verdict_threshold(15) > 0);
	assert_true(verdict_threshold(15) < verdict_threshold(5));
}

static void only_what_is_large_steady_and_sure_is_plain(void **state)
{
	struct measured m = container(20);
	struct candidate c = { 0 };

	(void)state;
	m.bytes = 5000; /* 500 bytes a second */
	verdict_judge(&c, &m);
	assert_int_equal(c.verdict, VERDICT_LEAK);
	assert_false(verdict_is_plain(&c, &m));
	m = container(20);
	m.size.size[m.size.count - 2] = 1280; /* fell back once */
	m.size.size[m.size.count - 3] = 1290;
	verdict_judge(&c, &m);
	assert_int_equal(c.verdict, VERDICT_LEAK);
	assert_false(verdict_is_plain(&c, &m));
}

static struct candidate found(enum verdict verdict, double bytes_per_second)
{
	return (struct candidate){ .verdict = verdict, .bytes_per_second = bytes_per_second };
}

static void leaks_come_first_then_size(void **state)
{
	struct candidate c[] = {
		found(VERDICT_CACHE, 9000),	found(VERDICT_UNDECIDED, 900),
		found(VERDICT_LEAK, 100),	found(VERDICT_LEAK, 1000),
		found(VERDICT_LEAK, 1),		found(VERDICT_CACHE, 5),
		found(VERDICT_UNDECIDED, 5000),
	};
	static const double order[] = { 1000, 100, 1, 5000, 900, 9000 };
	unsigned int kept = verdict_order(c, 7, 10);

	(void)state;
	assert_int_equal(kept, 6);
	for (unsigned int i = 0; i < kept; i++)
		assert_true(c[i].bytes_per_second == order[i]);
	assert_int_equal(verdict_order(c, 0, 10), 0);
}

static void a_process_is_what_its_first_candidate_is(void **state)
{
	struct candidate c[] = { found(VERDICT_LEAK, 2048), found(VERDICT_LEAK, 1024),
				 found(VERDICT_CACHE, 9000) };
	struct report r = { .candidates = c, .count = 3, .threshold_bytes_per_second = 21 };

	(void)state;
	verdict_report(&r);
	assert_int_equal(r.verdict, VERDICT_LEAK);
	assert_non_null(strstr(r.summary, "2 holders"));
	assert_non_null(strstr(r.summary, "3.0 KiB"));
	r.count = 1;
	verdict_report(&r);
	assert_non_null(strstr(r.summary, "1 holder "));
	r.candidates = c + 2;
	verdict_report(&r);
	assert_int_equal(r.verdict, VERDICT_CACHE);
	r.count = 0;
	verdict_report(&r);
	assert_int_equal(r.verdict, VERDICT_NO_GROWTH);
	assert_non_null(strstr(r.summary, "21 bytes a second"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_container_that_grows_is_a_leak),
		cmocka_unit_test(a_container_that_does_not_is_none),
		cmocka_unit_test(other_shapes_have_their_own_verdicts),
		cmocka_unit_test(slots_are_judged_by_what_keeps_coming),
		cmocka_unit_test(what_is_gone_when_looked_at_again_is_no_leak),
		cmocka_unit_test(few_objects_are_no_leak),
		cmocka_unit_test(a_look_without_time_ends),
		cmocka_unit_test(only_what_is_large_steady_and_sure_is_plain),
		cmocka_unit_test(leaks_come_first_then_size),
		cmocka_unit_test(a_process_is_what_its_first_candidate_is),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
