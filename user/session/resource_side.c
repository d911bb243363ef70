// SPDX-License-Identifier: Apache-2.0
#include "resource_side.h"

#include <errno.h>

#include "../rank/resources.h"
#include "../resources/counts.h"
#include "../util/clock.h"

#define COUNT_SECONDS 0.25
#define COUNTS_A_MAP 4 /* the map of memory is read at every fourth count only */
#define GAIN_LEAST 4   /* more than at first, and never less than before: worth a window */
#define WINDOW_LEAST 3.0
#define AGED_LEAST 1.5

static double count_mappings(const struct process *p)
{
	struct maps maps;
	double count = 0;

	if (maps_read(&maps, p->pid))
		return -1;
	for (size_t i = 0; i < maps.count; i++)
		count += mapping_is_resource(&maps, &maps.map[i]);
	maps_release(&maps);
	return count;
}

static void add(struct series *s, double seconds, double count)
{
	if (count >= 0)
		series_add(s, seconds, count);
}

static void count(struct resource_side *s, double seconds)
{
	const struct process *p = s->look.process;

	add(&s->count[COUNTED_DESCRIPTORS], seconds, (double)descriptors_count(p->pid));
	add(&s->count[COUNTED_THREADS], seconds, (double)process_threads(p, NULL, 0));
	if (s->counts++ % COUNTS_A_MAP == 0)
		add(&s->count[COUNTED_MAPPINGS], seconds, count_mappings(p));
}

static bool something_grows(const struct resource_side *s)
{
	for (int i = 0; i < COUNTED; i++) {
		struct trend t = trend_of(&s->count[i], 0);

		if (s->count[i].count >= 3 && t.gain >= GAIN_LEAST && t.rising && t.drop <= 0)
			return true;
	}
	return false;
}

static void begin(struct resource_side *s, double seconds)
{
	double left = s->end > seconds ? s->end - seconds : 0;
	struct err e = { 0 };

	if (left < WINDOW_LEAST + AGED_LEAST)
		left = WINDOW_LEAST + AGED_LEAST;
	s->begun = !resource_look_begin(&s->look, &s->found, s->budget_percent, left, &e);
	if (s->begun)
		return;
	s->given_up = true;
	report_warn(&s->found.look, "the lines that open what grows are not to be had: %.180s",
		    e.text);
}

void resource_side_tick(struct resource_side *s, double seconds)
{
	if (s->begun) {
		resource_look_tick(&s->look);
		if (seconds > s->end - AGED_LEAST &&
		    resource_look_seconds(&s->look) > WINDOW_LEAST)
			resource_look_close_window(&s->look);
		return;
	}
	if (s->given_up || seconds < s->counted + COUNT_SECONDS)
		return;
	s->counted = seconds;
	count(s, seconds);
	if (something_grows(s))
		begin(s, seconds);
}

static void wait_and_tick(struct resource_side *s)
{
	clock_sleep_ms(RESOURCE_TICK_MS);
	resource_look_tick(&s->look);
}

/* What the hooks lost and cost, to what the look did. */
static void add_cost(const struct resource_side *s, struct report *r)
{
	const struct report *found = &s->found.look;

	r->loss.dropped_events += found->loss.dropped_events;
	r->loss.truncated_stacks += found->loss.truncated_stacks;
	r->loss.unresolved_frames += found->loss.unresolved_frames;
	r->loss.map_full += found->loss.map_full;
	r->cost.probe_hits += found->cost.probe_hits;
	r->cost.bytes_read = s->look.mem->bytes;
	if (r->cost.target_cpu_percent >= 0)
		r->cost.target_cpu_percent += found->cost.target_cpu_percent *
					      found->duration_seconds / r->duration_seconds;
}

int resource_side_finish(struct resource_side *s, struct report *r, bool (*stop)(void *arg),
			 void *arg)
{
	int rc = 0;

	while (s->begun && resource_look_seconds(&s->look) < WINDOW_LEAST && !stop(arg))
		wait_and_tick(s);
	if (s->begun)
		resource_look_close_window(&s->look);
	while (s->begun && resource_look_aged(&s->look) < AGED_LEAST && !stop(arg))
		wait_and_tick(s);
	if (s->begun)
		rc = resource_look_finish(&s->look, &s->found);
	for (uint32_t i = 0; i < s->found.look.warning_count; i++)
		report_warn(r, "%s", s->found.look.warnings[i]);
	if (rc == -ESRCH) /* what the heap showed stands */
		return 0;
	if (s->begun && !rc) {
		add_cost(s, r);
		rc = resource_candidates(r, &s->found);
	}
	return rc;
}

void resource_side_release(struct resource_side *s)
{
	resource_look_release(&s->look);
	resources_release(&s->found);
}
