// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../user/tui/rounds.h"

static struct rounds *rounds;

static int make(void **state)
{
	(void)state;
	rounds = calloc(1, sizeof(*rounds));
	return rounds ? 0 : -1;
}

static int drop(void **state)
{
	(void)state;
	free(rounds);
	return 0;
}

/* A round of 2 s in which the holders grow at those rates; 0 ends the list. */
static void round_of(const char *const *holder, const double *rate)
{
	struct report report = { .duration_seconds = 2, .before = { .rss = 1000 } };

	report.candidates = calloc(ROUNDS_ROWS_MAX + 1, sizeof(*report.candidates));
	for (; rate[report.count] > 0; report.count++) {
		struct candidate *c = &report.candidates[report.count];

		snprintf(c->held_by, sizeof(c->held_by), "%s", holder[report.count]);
		c->bytes_per_second = rate[report.count];
	}
	rounds_take(rounds, &report);
}

static void a_holder_keeps_its_row(void **state)
{
	static const char *const first[] = { "a", "b" }, *const second[] = { "b", "c" };

	(void)state;
	round_of(first, (const double[]){ 100, 50, 0 });
	round_of(second, (const double[]){ 70, 10, 0 });
	assert_int_equal(rounds->rows, 3);
	assert_string_equal(rounds->row[0].candidate.held_by, "b");
	assert_string_equal(rounds->row[1].candidate.held_by, "c");
	assert_string_equal(rounds->row[2].candidate.held_by, "a");
	assert_true(rounds->row[0].grown_bytes == (50 + 70) * 2);
	assert_true(rounds->row[0].rate[1] == 50 && rounds->row[0].rate[2] == 70);
	assert_true(rounds->row[2].rate[1] == 100 && rounds->row[2].rate[2] == 0);
	assert_int_equal(rounds->row[2].round, 1);
	assert_int_equal(rounds->rss_first, 1000);
}

static void rates_of_old_rounds_are_overwritten(void **state)
{
	static const char *const one[] = { "a" };

	(void)state;
	for (int i = 0; i < ROUNDS_RATES; i++)
		round_of(one, (const double[]){ 100, 0 });
	round_of(one, (const double[]){ 0 });
	assert_true(rounds->row[0].rate[(ROUNDS_RATES + 1) % ROUNDS_RATES] == 0);
	assert_true(rounds->row[0].rate[2] == 100);
}

static void there_is_room_for_so_many_holders_only(void **state)
{
	static char names[ROUNDS_ROWS_MAX + 1][16];
	const char *holder[ROUNDS_ROWS_MAX + 1];
	double rate[ROUNDS_ROWS_MAX + 1] = { 0 };

	(void)state;
	for (int i = 0; i <= ROUNDS_ROWS_MAX; i++) {
		snprintf(names[i], sizeof(names[i]), "h%d", i);
		holder[i] = names[i];
		rate[i] = i < ROUNDS_ROWS_MAX ? 1 + i : 0;
	}
	round_of(holder, rate);
	assert_int_equal(rounds->rows, ROUNDS_ROWS_MAX);
	round_of(&holder[ROUNDS_ROWS_MAX], (const double[]){ 5, 0 });
	assert_int_equal(rounds->rows, ROUNDS_ROWS_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_holder_keeps_its_row, make, drop),
		cmocka_unit_test_setup_teardown(rates_of_old_rounds_are_overwritten, make, drop),
		cmocka_unit_test_setup_teardown(there_is_room_for_so_many_holders_only, make, drop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
