// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../user/rank/pause_trend.h"
#include "../../user/rank/pauses.h"
#include "../../user/session/collections.h"

#define MS 1000000ULL

static struct pauses *of_seconds(double seconds)
{
	struct pauses *p = calloc(1, sizeof(*p));

	p->look.duration_seconds = seconds;
	p->look.pid = 7;
	p->enabled = true;
	p->threshold[0] = 700;
	p->threshold[1] = p->threshold[2] = 10;
	p->pause = calloc(64, sizeof(*p->pause));
	p->stack = calloc(1, sizeof(*p->stack));
	return p;
}

static void add(struct pauses *p, uint32_t generation, double at, uint64_t ns, int64_t tracked,
		int64_t collected, enum pause_cause cause)
{
	struct pause_summary *s = &p->generation[generation];

	p->pause[p->count++] = (struct pause){
		.start_ns = (uint64_t)(at * 1e9),
		.pause_ns = ns,
		.generation = generation,
		.cause = cause,
		.collected = collected,
		.tracked = tracked,
		.stack = -1,
	};
	s->count++;
	s->total_ns += ns;
	s->collected += collected;
	if (ns > s->max_ns)
		s->max_ns = ns;
}

static const struct pause_finding *finding(const struct pauses *p, const char *name)
{
	for (uint32_t i = 0; i < p->findings; i++)
		if (strcmp(p->finding[i].name, name) == 0)
			return &p->finding[i];
	return NULL;
}

static void drop(struct pauses *p)
{
	pauses_release(p);
	free(p);
}

static void short_and_few_pauses_are_good(void **state)
{
	struct pauses *p = of_seconds(10);

	(void)state;
	for (int i = 0; i < 20; i++)
		add(p, 0, i / 2.0, 50000, 10000, 600, PAUSE_AUTOMATIC);
	pauses_judge(p);
	assert_int_equal(p->findings, 1);
	assert_non_null(finding(p, "good"));
	assert_false(p->growing);
	drop(p);
}

static void nothing_seen_says_why(void **state)
{
	struct pauses *p = of_seconds(10);

	(void)state;
	p->enabled = false;
	pauses_judge(p);
	assert_non_null(strstr(finding(p, "none")->text, "gc.disable()"));
	drop(p);
}

static void full_collections_that_free_nothing(void **state)
{
	struct pauses *p = of_seconds(10);

	(void)state;
	for (int i = 0; i < 5; i++)
		add(p, 2, i, 200 * MS, 1000000, 12, PAUSE_AUTOMATIC);
	pauses_judge(p);
	assert_int_equal(finding(p, "long-lived")->severity, PAUSE_BAD);
	assert_non_null(strstr(finding(p, "long-lived")->advice, "gc.freeze()"));
	assert_non_null(strstr(finding(p, "long-lived")->advice, "1.00 s (10.0 %"));
	assert_non_null(strstr(finding(p, "long-lived")->advice, "gc.set_threshold(700, 10, 100)"));
	assert_int_equal(finding(p, "time")->severity, PAUSE_BAD);
	assert_false(p->growing);
	drop(p);
}

static void full_collections_that_free_much_are_no_waste(void **state)
{
	struct pauses *p = of_seconds(10);

	(void)state;
	for (int i = 0; i < 5; i++)
		add(p, 2, i, 200 * MS, 1000000, 400000, PAUSE_AUTOMATIC);
	pauses_judge(p);
	assert_null(finding(p, "long-lived"));
	drop(p);
}

static void pauses_that_grow_with_the_heap(void **state)
{
	struct pauses *p = of_seconds(10);
	struct pause_trend t;

	(void)state;
	for (int i = 0; i < 8; i++)
		add(p, 2, i, (100 + 20 * (uint64_t)i) * MS, 500000 + 100000 * i, 5,
		    PAUSE_AUTOMATIC);
	t = pause_trend(p, 2);
	assert_int_equal(t.points, 8);
	assert_true(t.correlation > 0.999 && t.correlation_tracked > 0.999);
	assert_true(t.ns_per_second > 19.9e6 && t.ns_per_second < 20.1e6);
	pauses_judge(p);
	assert_true(p->growing);
	assert_non_null(strstr(finding(p, "growing")->text, "1.20 s longer each minute"));
	assert_non_null(strstr(finding(p, "growing")->advice, "pyleak -p 7"));
	p->suspect = calloc(1, sizeof(*p->suspect));
	snprintf(p->suspect->held_by, sizeof(p->suspect->held_by), "module app: SESSIONS");
	pauses_judge(p);
	assert_non_null(strstr(finding(p, "growing")->advice, "module app: SESSIONS"));
	drop(p);
}

static void pauses_that_vary_do_not_grow(void **state)
{
	static const int factor[] = { 5, 3, 6, 4, 5, 3, 6, 4 };
	struct pauses *p = of_seconds(10);

	(void)state;
	for (int i = 0; i < 8; i++)
		add(p, 2, i, (uint64_t)factor[i] * 20 * MS, 500000 + 1000 * i, 5, PAUSE_AUTOMATIC);
	pauses_judge(p);
	assert_false(p->growing);
	drop(p);
}

static void explicit_collections_name_their_caller(void **state)
{
	struct pauses *p = of_seconds(10);
	struct frame *f = &p->stack->stack.frame[0];

	(void)state;
	for (int i = 0; i < 30; i++)
		add(p, 2, i / 3.0, 20 * MS, 100000, 0, PAUSE_EXPLICIT);
	p->stacks = 1;
	p->stack->explicit_count = 30;
	snprintf(f->file, sizeof(f->file), "/app/views.py");
	snprintf(f->function, sizeof(f->function), "handle");
	f->line = 88;
	p->stack->stack.depth = 1;
	pauses_judge(p);
	assert_non_null(strstr(finding(p, "explicit")->text, "3.0 times a second"));
	assert_non_null(strstr(finding(p, "explicit")->advice, "/app/views.py:88 in handle"));
	assert_null(finding(p, "long-lived"));
	drop(p);
}

static void garbage_and_waiting_are_said(void **state)
{
	struct pauses *p = of_seconds(10);

	(void)state;
	add(p, 2, 1, 100 * MS, 1000, 0, PAUSE_AUTOMATIC);
	p->generation[2].off_ns = 80 * MS;
	p->generation[2].queue_ns = 70 * MS;
	p->pause[0].major_faults = 9;
	p->garbage = 3;
	p->garbage_types = 1;
	snprintf(p->garbage_type[0].type, sizeof(p->garbage_type[0].type), "Cycle");
	p->garbage_type[0].objects = 3;
	pauses_judge(p);
	assert_string_equal(p->finding[0].name, "garbage");
	assert_non_null(strstr(p->finding[0].text, "3 objects: Cycle x3"));
	assert_non_null(strstr(finding(p, "waiting")->advice, "compete"));
	assert_non_null(strstr(finding(p, "faults")->text, "9 pages"));
	drop(p);
}

static void percentiles_of_buckets(void **state)
{
	struct gc_totals t = { .count = 100, .min_ns = 50, .max_ns = 1000000 };

	(void)state;
	/* 2^10 is (10 - 2) * 8; 2^19 is (19 - 2) * 8 */
	t.bucket[64] = 99;
	t.bucket[136] = 1;
	assert_int_equal(collections_percentile(&t, 0.5), (1024 + 1152) / 2);
	assert_int_equal(collections_percentile(&t, 0.99), (1024 + 1152) / 2);
	assert_int_equal(collections_percentile(&t, 1), (524288 + 589824) / 2);
	t.max_ns = 1030;
	assert_int_equal(collections_percentile(&t, 0.5), 1030);
	assert_int_equal(collections_percentile(&(struct gc_totals){ 0 }, 0.5), 0);
}

/* As 3.11 has it, so far as it matters: halves at 12 (enabled), 40, 44, ... (generations). */
static const struct gc_layout collector = {
	.enabled = 12,
	.generations = 24,
	.generation_size = 24,
	.threshold = 16,
	.count = 20,
	.stats = 128,
	.long_lived_total = 224,
	.long_lived_pending = 232,
	.heap_size = GC_ABSENT,
};

static void put_half(struct gc_running *r, uint32_t offset, int32_t value)
{
	memcpy((char *)r->bytes + offset, &value, sizeof(value));
}

static void put_counts(struct gc_running *r, int young, int middle, int old)
{
	const int count[] = { young, middle, old };

	put_half(r, collector.enabled, 1);
	for (uint32_t i = 0; i < 3; i++) {
		uint32_t generation = collector.generations + i * collector.generation_size;

		put_half(r, generation + collector.threshold, i ? 10 : 700);
		put_half(r, generation + collector.count, count[i]);
	}
	put_half(r, collector.long_lived_total, 100);
	put_half(r, collector.long_lived_pending, 20);
}

static struct pauses *take(const struct gc_event *e, int times)
{
	static struct py_layout layout;
	struct pauses *p = of_seconds(1);
	struct collections c;
	struct remote mem;

	free(p->pause);
	free(p->stack);
	p->pause = NULL;
	p->stack = NULL;
	py_layout_table(&layout, 3, 11);
	remote_init(&mem, 0);
	collections_init(&c, p, pyframes_new(&layout, &mem), &collector, &layout, &mem);
	for (int i = 0; i < times; i++)
		collections_take(&c, e);
	pyframes_free(c.frames);
	collections_release(&c);
	return p;
}

static void causes_by_counters_and_by_reason(void **state)
{
	struct gc_event e = { .before = { .reason = GC_ABSENT },
			      .outcome = { .generation = 1 } };
	static const enum pause_cause by_reason[] = { PAUSE_AUTOMATIC, PAUSE_SHUTDOWN,
						      PAUSE_EXPLICIT, PAUSE_CAUSE_UNKNOWN };
	struct pauses *p;

	(void)state;
	put_counts(&e.before, 701, 11, 3);
	p = take(&e, 1);
	assert_int_equal(p->pause[0].cause, PAUSE_AUTOMATIC);
	assert_int_equal(p->pause[0].tracked, 821);
	assert_int_equal(p->pause[0].stack, -1);
	drop(p);
	put_counts(&e.before, 701, 10, 3);
	p = take(&e, 1);
	assert_int_equal(p->pause[0].cause, PAUSE_EXPLICIT);
	drop(p);
	for (uint32_t reason = 0; reason < 4; reason++) {
		e.before.reason = reason;
		p = take(&e, 1);
		assert_int_equal(p->pause[0].cause, by_reason[reason]);
		drop(p);
	}
}

static void one_stack_is_kept_once(void **state)
{
	struct gc_event e = { .before = { .reason = 2 },
			      .outcome = { .generation = 2, .pause_ns = 1000 },
			      .depth = 1,
			      .frame = { { .code = 8, .instr = 2 } } };
	struct pauses *p = take(&e, 3);

	(void)state;
	assert_int_equal(p->count, 3);
	assert_int_equal(p->stacks, 1);
	assert_int_equal(p->stack[0].count, 3);
	assert_int_equal(p->stack[0].explicit_ns, 3000);
	assert_int_equal(p->stack[0].generation[2], 3);
	assert_true(p->look.loss.unresolved_frames > 0);
	drop(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(short_and_few_pauses_are_good),
		cmocka_unit_test(nothing_seen_says_why),
		cmocka_unit_test(full_collections_that_free_nothing),
		cmocka_unit_test(full_collections_that_free_much_are_no_waste),
		cmocka_unit_test(pauses_that_grow_with_the_heap),
		cmocka_unit_test(pauses_that_vary_do_not_grow),
		cmocka_unit_test(explicit_collections_name_their_caller),
		cmocka_unit_test(garbage_and_waiting_are_said),
		cmocka_unit_test(percentiles_of_buckets),
		cmocka_unit_test(causes_by_counters_and_by_reason),
		cmocka_unit_test(one_stack_is_kept_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
