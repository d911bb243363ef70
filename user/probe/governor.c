// SPDX-License-Identifier: Apache-2.0
#include "governor.h"

#include <math.h>

#define TRIAL_NS 100e6	/* so long a time's earnings go into finding out what a source costs */
#define SAVED_NS 2e9	/* so long a time's earnings may be saved */
#define RATE_WEIGHT 0.3 /* of the newest of what is averaged by number */
#define RATE_NS 12e6	/* so long a time what is averaged over time is about */
#define STEADY_NS 1e9	/* and what it costs in the long run */
#define CPU_NS 200e6
#define AFTER_WEIGHT 0.5
#define CHANCE_LEAST 1e-9
#define CHANCE_FIRST (1.0 / 4096)
#define KEPT_FIRST_NS 8e3 /* until it is known */
#define KEPT_MOST_NS 15e3 /* more is time that others ran meanwhile */
#define KEPT_MOST 1000.0  /* samples a second that are worth our own time */
#define KEPT_SHARE 0.33	  /* of the traps' cost */
#define SAMPLES_AHEAD 4
#define CHOICE_ENOUGH 16 /* allocations that say something about the share kept */
#define CHOICE_SECONDS 0.2

void governor_init(struct governor *g, double share, double window_ns,
		   const struct governor_totals *start)
{
	*g = (struct governor){ .share = share,
				.window_ns = window_ns,
				.chance = CHANCE_FIRST,
				.kept_ns = KEPT_FIRST_NS,
				.last = *start,
				.chosen = *start };
	for (int i = 0; i < GOVERNOR_SOURCES; i++)
		g->rate[i] = -1;
}

/* What it takes to open a window of the source; a first one is only a trial. */
static double price(const struct governor *g, int source)
{
	return g->rate[source] < 0 ? g->share * g->cpu_rate * TRIAL_NS
				   : g->rate[source] * g->window_ns + g->after_ns;
}

static double dearest(const struct governor *g)
{
	double most = 0;

	for (int i = 0; i < GOVERNOR_SOURCES; i++)
		most = fmax(most, price(g, i));
	return most;
}

static double limited(double chance)
{
	return fmin(fmax(chance, CHANCE_LEAST), 1);
}

/*
 * Keep so many that their stacks cost a third of what the traps do, and more where there is money
 * left: fewer would waste traps, more would shorten windows, and what leaks may be rare.
 */
static void choose_chance(struct governor *g, const struct governor_totals *t)
{
	const struct governor_totals *was = &g->chosen;
	double seconds = (double)(t->now_ns - was->now_ns) / 1e9;
	double allocations = (double)(t->allocations - was->allocations);
	double kept = (double)(t->kept - was->kept), wanted = KEPT_MOST * seconds;
	double program_ns = t->program_ns - was->program_ns;
	double trap_ns = fmax(t->cost_ns - was->cost_ns - kept * g->kept_ns, 0);

	if (allocations < CHOICE_ENOUGH && seconds < CHOICE_SECONDS)
		return;
	if (kept > 0 && program_ns > 0)
		g->kept_ns += RATE_WEIGHT * (fmin(program_ns / kept, KEPT_MOST_NS) - g->kept_ns);
	if (allocations >= CHOICE_ENOUGH) {
		if (g->balance_ns < g->most_ns / 2)
			wanted = fmin(wanted, KEPT_SHARE * trap_ns / g->kept_ns);
		wanted = fmin(wanted, allocations) / fmax(kept, 0.5);
		g->chance = limited(g->chance * fmin(fmax(wanted, 0.5), 2));
	}
	g->chosen = *t;
}

static void account_source(struct governor *g, int source, double rate, double elapsed_ns)
{
	double *lately = &g->rate[source], *steady = &g->steady[source];

	*lately = *lately < 0 ? rate : *lately + fmin(elapsed_ns / RATE_NS, 1) * (rate - *lately);
	g->on_ns[source] = fmin(g->on_ns[source] + elapsed_ns, STEADY_NS);
	*steady += elapsed_ns / fmax(elapsed_ns, g->on_ns[source]) * (rate - *steady);
}

void governor_account(struct governor *g, const struct governor_totals *t, int newest)
{
	double elapsed_ns = (double)(t->now_ns - g->last.now_ns);
	double cost_ns = fmax(t->cost_ns - g->last.cost_ns, 0);
	double cpu_ns = fmax(t->cpu_ns - g->last.cpu_ns - cost_ns, GOVERNOR_CPU_LEAST * elapsed_ns);
	double rate = elapsed_ns > 0 ? cost_ns / elapsed_ns : 0;

	if (elapsed_ns <= 0)
		return;
	if (g->closed)
		g->after_ns += (g->after_ns > 0 ? AFTER_WEIGHT : 1) * (cost_ns - g->after_ns);
	g->closed = false;
	g->cpu_rate += fmin(elapsed_ns / CPU_NS, 1) * (cpu_ns / elapsed_ns - g->cpu_rate);
	if (newest >= 0 && newest < GOVERNOR_SOURCES)
		account_source(g, newest, rate, elapsed_ns);
	g->most_ns = fmax(g->share * g->cpu_rate * SAVED_NS, 1.2 * dearest(g));
	g->balance_ns = fmin(g->balance_ns + g->share * cpu_ns, g->most_ns) - cost_ns;
	choose_chance(g, t);
	g->last = *t;
}

bool governor_opens(const struct governor *g, int source)
{
	return g->balance_ns >= price(g, source);
}

uint64_t governor_samples(const struct governor *g)
{
	return 1 + (g->balance_ns > 0 ? (uint64_t)(g->balance_ns / g->kept_ns) + SAMPLES_AHEAD : 0);
}

bool governor_closes(const struct governor *g, int source)
{
	if (source < 0 || g->balance_ns >= g->after_ns)
		return false;
	return g->rate[source] < 0 || g->steady[source] > g->share * g->cpu_rate / 2;
}

void governor_closed(struct governor *g)
{
	g->closed = true;
}
