// SPDX-License-Identifier: Apache-2.0
/*
 * Shares by samples, against simulated allocations: without bias, and the interval covers the truth
 * as often as it says.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "../../user/rank/share.h"

#define ROUNDS 4000

static uint64_t state;

static double chance(void)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (double)(state >> 11) / (double)(1ULL << 53);
}

struct simulated {
	double mean, covered;
};

/*
 * @blocks allocations, a part of @share of which leaks at one place, of sizes between @least and
 * @most; each is kept with a chance that rises with its size.
 */
static struct simulated simulate(unsigned blocks, double share, double least, double most,
				 double per_byte)
{
	struct simulated out = { 0 };

	state = 0x9e3779b97f4a7c15ULL;
	for (unsigned round = 0; round < ROUNDS; round++) {
		struct share part = { 0 }, whole = { 0 };
		struct share_interval seen;
		double true_part = 0, true_whole = 0;

		for (unsigned i = 0; i < blocks; i++) {
			double size = least + (most - least) * chance();
			double kept = fmin(size * per_byte, 1);
			int of_part = chance() < share;

			true_whole += size;
			true_part += of_part ? size : 0;
			if (chance() >= kept)
				continue;
			share_add(&whole, size / kept);
			if (of_part)
				share_add(&part, size / kept);
		}
		seen = share_of(&part, &whole);
		out.mean += whole.samples ? seen.share - true_part / true_whole : 0;
		out.covered += true_part / true_whole >= seen.low &&
			       true_part / true_whole <= seen.high;
	}
	out.mean /= ROUNDS;
	out.covered /= ROUNDS;
	return out;
}

static void test_no_bias(void **arg)
{
	static const double shares[] = { 0.02, 0.1, 0.5, 0.9 };

	(void)arg;
	for (unsigned i = 0; i < sizeof(shares) / sizeof(shares[0]); i++) {
		struct simulated s = simulate(400, shares[i], 16, 4096, 1.0 / 16384);

		assert_true(fabs(s.mean) < 0.005);
	}
}

static void test_interval_covers(void **arg)
{
	static const double shares[] = { 0.02, 0.1, 0.5, 0.9 };
	static const double sizes[] = { 600, 4096, 100000 };

	(void)arg;
	for (unsigned i = 0; i < sizeof(shares) / sizeof(shares[0]); i++)
		for (unsigned k = 0; k < sizeof(sizes) / sizeof(sizes[0]); k++) {
			struct simulated s = simulate(300, shares[i], 513, sizes[k], 1.0 / 8192);

			assert_true(s.covered > 0.93);
		}
}

static void test_nothing_known(void **arg)
{
	struct share none = { 0 }, some = { 0 };
	struct share_interval seen = share_of(&none, &none);

	(void)arg;
	assert_true(seen.low == 0 && seen.high == 1);
	share_add(&some, 100);
	seen = share_of(&some, &some);
	assert_true(seen.share == 1 && seen.low < 0.25 && seen.high == 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_no_bias),
		cmocka_unit_test(test_interval_covers),
		cmocka_unit_test(test_nothing_known),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
