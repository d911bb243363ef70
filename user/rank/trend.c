// SPDX-License-Identifier: Apache-2.0
#include "trend.h"

#include <math.h>

void series_add(struct series *s, double seconds, double size)
{
	if (s->count == TREND_POINTS_MAX) {
		unsigned kept = TREND_POINTS_MAX / 2;

		for (unsigned i = kept; i < TREND_POINTS_MAX; i += 2, kept++) {
			s->seconds[kept] = s->seconds[i];
			s->size[kept] = s->size[i];
		}
		s->count = kept;
	}
	s->seconds[s->count] = seconds;
	s->size[s->count++] = size;
}

double series_at(const struct series *s, double seconds)
{
	for (unsigned i = 1; i < s->count; i++) {
		double from = s->seconds[i - 1], to = s->seconds[i];

		if (seconds > to)
			continue;
		if (to <= from)
			return s->size[i];
		return s->size[i - 1] +
		       (s->size[i] - s->size[i - 1]) * (seconds - from) / (to - from);
	}
	return s->size[s->count - 1];
}

#define WOBBLE 0.02	   /* of the gain: what a full container's size may go up and down by */
#define PAUSES 1.5	   /* what comes in bursts pauses; a silence is longer than its pauses */
#define PAUSE_BLIND 32	   /* of the look: longer without a size read is no pause known */
#define WOBBLE_SILENCE 3.0 /* so much more silence for each element that may come and go */

static double range_of(const struct series *s)
{
	double least = s->size[0], most = s->size[0];

	for (unsigned i = 1; i < s->count; i++) {
		least = fmin(least, s->size[i]);
		most = fmax(most, s->size[i]);
	}
	return most - least;
}

/* Where it was emptied, and what was left each time. */
static void find_troughs(const struct series *s, struct trend *t)
{
	double fall = fmax(TREND_FALL * range_of(s), 1);
	double peak = s->size[0], low = s->size[0], before = s->size[0];
	bool falling = false;

	t->troughs_rise = true;
	for (unsigned i = 1; i < s->count; i++) {
		double size = s->size[i];

		if (!falling && size < peak - fall) {
			falling = true;
			low = size;
		}
		if (!falling) {
			peak = fmax(peak, size);
			continue;
		}
		low = fmin(low, size);
		if (size < low + fall && i + 1 < s->count)
			continue;
		falling = false; /* it fills again, or the look ends */
		peak = size;
		t->troughs++;
		t->trough_gain = low - s->size[0];
		t->troughs_rise = t->troughs_rise && (t->troughs == 1 || low > before);
		before = low;
	}
	t->troughs_rise = t->troughs_rise && t->troughs >= TREND_TROUGHS && t->trough_gain > 0;
}

/*
 * The longest time that it did not grow in before point @end, and yet went on to. Where it was not
 * looked at for long the pause may have been short.
 */
static double longest_pause(const struct series *s, unsigned end)
{
	double longest = 0, most = s->size[0], since = s->seconds[0];
	double blind = (s->seconds[s->count - 1] - s->seconds[0]) / PAUSE_BLIND;

	for (unsigned i = 1; i <= end; i++) {
		if (s->size[i] <= most)
			continue;
		longest = fmax(longest, s->seconds[i - 1] - since +
						fmin(s->seconds[i] - s->seconds[i - 1], blind));
		most = s->size[i];
		since = s->seconds[i];
	}
	return longest;
}

/*
 * When it was as large as it ever was, and how unlikely what did not come since then is. A full
 * container goes up and down by as much as it was seen to fall.
 */
static void find_plateau(const struct series *s, struct trend *t)
{
	double wobble = 0, most = s->size[0], start = s->seconds[0], rate, quiet;
	unsigned i = 0;

	for (unsigned k = 1; k < s->count; k++) {
		most = fmax(most, s->size[k]);
		if (k > s->count / 2)
			wobble = fmax(wobble, most - s->size[k]);
	}
	while (i + 1 < s->count && s->size[i] < most - wobble)
		i++;
	t->stopped_at = s->seconds[i] - start;
	if (t->stopped_at <= 0)
		return;
	rate = (s->size[i] - s->size[0]) / t->stopped_at;
	quiet = s->seconds[s->count - 1] - s->seconds[i];
	if (quiet > PAUSES * longest_pause(s, i))
		t->silence = rate * quiet - WOBBLE_SILENCE * wobble;
}

static void find_significance(const struct series *s, struct trend *t, double departures,
			      double span)
{
	double last = s->size[s->count - 1];
	double variance = t->gain + 2 * fmax(departures, 0);

	t->drop /= t->gain;
	t->z = t->gain / sqrt(variance);
	t->late_gain = last - series_at(s, s->seconds[0] + span * 2 / 3);
	t->late_share = t->late_gain / (t->gain / 3);
	/* the gain grows with time, its deviation with the root of it */
	t->needed = span * (TREND_Z_LEAK / t->z) * (TREND_Z_LEAK / t->z);
	find_plateau(s, t);
}

struct trend trend_of(const struct series *s, double arrivals)
{
	struct trend t = { 0 };
	double first, last, span, highest, fallen = 0, middle;

	if (s->count < 2)
		return t;
	first = s->size[0];
	last = s->size[s->count - 1];
	span = s->seconds[s->count - 1] - s->seconds[0];
	if (span <= 0)
		return t;
	highest = first;
	for (unsigned i = 1; i < s->count; i++) {
		if (s->size[i] < s->size[i - 1])
			fallen += s->size[i - 1] - s->size[i];
		if (highest - s->size[i] > t.drop)
			t.drop = highest - s->size[i];
		highest = fmax(highest, s->size[i]);
	}
	t.gain = last - first;
	t.per_second = t.gain / span;
	if (t.gain > 0)
		find_significance(s, &t, fmax(fallen, arrivals - t.gain), span);
	find_troughs(s, &t);
	middle = series_at(s, s->seconds[0] + span / 2);
	t.rising = middle > first && last > middle;
	return t;
}
