// SPDX-License-Identifier: Apache-2.0
/*
 * The account of a budget, on simulated targets: what it allows is spent and not more, also where
 * the load becomes ten times as much.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "../../user/probe/governor.h"

#define STEP_NS 4e6
#define WINDOW_NS 25e6

struct simulated {
	double cpu_ns, cost_ns; /* without the cost; the cost */
	double deepest_ns;	/* of the debt */
	unsigned windows;
};

/*
 * @seconds of a target that uses @busy of a CPU, of which probes take @rate while they are on; from
 * the middle on @times as much.
 */
static struct simulated simulate(double share, double seconds, double busy, double rate,
				 double times)
{
	struct governor_totals t = { 0 };
	struct simulated out = { 0 };
	struct governor g;
	bool on = false;

	governor_init(&g, share, WINDOW_NS, &t);
	for (double at = 0; at < seconds * 1e9; at += STEP_NS) {
		double now = rate * (at > seconds * 5e8 ? times : 1);
		double cost = on ? fmin(now, 0.95) * STEP_NS : 0;
		bool was = on;

		out.cpu_ns += fmax(busy * STEP_NS - (busy > 0.99 ? cost : 0), 0);
		out.cost_ns += cost;
		t.now_ns += (uint64_t)STEP_NS;
		t.cost_ns = out.cost_ns;
		t.cpu_ns = out.cpu_ns + out.cost_ns;
		t.program_ns = out.cost_ns / 2;
		t.allocations = (uint64_t)(out.cost_ns / 2000);
		t.kept = t.allocations / 10;
		governor_account(&g, &t, was ? 1 : -1);
		out.deepest_ns = fmin(out.deepest_ns, g.balance_ns);
		if (on && governor_closes(&g, 1))
			on = false;
		else if (!on && governor_opens(&g, 1))
			on = true;
		out.windows += on && !was;
	}
	return out;
}

static void expect_kept(const struct simulated *s, double share)
{
	assert_true(s->cost_ns <= share * s->cpu_ns * 1.2);
}

static void test_a_loop_that_only_allocates(void **arg)
{
	static const double shares[] = { 0.005, 0.01, 0.05, 0.1 };

	(void)arg;
	for (unsigned i = 0; i < sizeof(shares) / sizeof(shares[0]); i++) {
		struct simulated s = simulate(shares[i], 60, 1, 0.9, 1);

		expect_kept(&s, shares[i]);
		assert_true(s.cost_ns >= shares[i] * s.cpu_ns * 0.5);
		assert_true(s.windows > 1);
	}
}

static void test_what_is_cheap_stays_on(void **arg)
{
	struct simulated s = simulate(0.01, 20, 0.5, 0.002, 1);

	(void)arg;
	assert_int_equal(s.windows, 1);
	assert_true(s.cost_ns >= 0.002 * 20e9 * 0.9);
}

static void test_a_step_in_load(void **arg)
{
	static const double rates[] = { 0.003, 0.03, 0.09 };

	(void)arg;
	for (unsigned i = 0; i < sizeof(rates) / sizeof(rates[0]); i++) {
		struct simulated s = simulate(0.01, 30, 1, rates[i], 10);

		expect_kept(&s, 0.01);
		/* never more in debt than one step of the loop costs */
		assert_true(s.deepest_ns >= -2 * STEP_NS);
	}
}

/* What hits after the decision is learned: later windows end before they are in debt. */
static void test_what_comes_late(void **arg)
{
	struct governor_totals t = { 0 };
	struct governor g;
	bool on = false;

	(void)arg;
	governor_init(&g, 0.01, WINDOW_NS, &t);
	for (unsigned windows = 0; windows < 8;) {
		bool closes = on && governor_closes(&g, 1), opens = !on && governor_opens(&g, 1);

		if (closes) {
			governor_closed(&g);
			assert_true(windows < 3 || g.balance_ns > 0);
		}
		t.now_ns += (uint64_t)STEP_NS;
		t.cpu_ns += STEP_NS;
		t.cost_ns += on ? 0.9 * STEP_NS : 0; /* also in the step that takes them off */
		governor_account(&g, &t, closes || opens ? -1 : on ? 1 : -1);
		on = opens || (on && !closes);
		windows += closes;
	}
	assert_true(g.after_ns > 0.5 * STEP_NS);
}

static void test_idle_targets_count_as_a_little_busy(void **arg)
{
	struct simulated s = simulate(0.01, 20, 0.001, 0.01, 1);

	(void)arg;
	assert_true(s.cost_ns > 0);
	assert_true(s.cost_ns <= 0.01 * 0.05 * 20e9 * 1.2);
}

/*
 * How often a source that hits once in 25 steps would be closed in its second second, in deep debt
 * to others, when each hit takes @hit of what the budget earns meanwhile.
 */
static unsigned closed_in_debt(double hit)
{
	struct governor_totals t = { 0 };
	struct governor g;
	unsigned closed = 0;

	governor_init(&g, 0.01, WINDOW_NS, &t);
	for (unsigned step = 1; step <= 500; step++) {
		t.now_ns += (uint64_t)STEP_NS;
		t.cpu_ns += STEP_NS;
		t.cost_ns += step == 1 ? 1e9 : step % 25 == 0 ? hit * 0.01 * 25 * STEP_NS : 0;
		governor_account(&g, &t, step == 1 ? -1 : 1);
		assert_true(g.balance_ns < 0);
		closed += step > 250 && governor_closes(&g, 1);
	}
	return closed;
}

static void test_what_is_rare_stays_on_in_debt(void **arg)
{
	(void)arg;
	assert_int_equal(closed_in_debt(0.3), 0);
	assert_int_equal(closed_in_debt(0.8), 250);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_loop_that_only_allocates),
		cmocka_unit_test(test_what_is_cheap_stays_on),
		cmocka_unit_test(test_a_step_in_load),
		cmocka_unit_test(test_what_comes_late),
		cmocka_unit_test(test_idle_targets_count_as_a_little_busy),
		cmocka_unit_test(test_what_is_rare_stays_on_in_debt),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
