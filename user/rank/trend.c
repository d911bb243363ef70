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

/* The size at a time between two points, by a straight line. */
static double at(const struct series *s, double seconds)
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

struct trend trend_of(const struct series *s, double arrivals)
{
	struct trend t = { 0 };
	double first, last, span, highest, fallen = 0, departures, middle;

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
	departures = fmax(fallen, arrivals - t.gain);
	if (t.gain > 0) {
		t.drop /= t.gain;
		t.z = t.gain / sqrt(t.gain + 2 * fmax(departures, 0));
		t.late_share = (last - at(s, s->seconds[0] + span * 2 / 3)) / (t.gain / 3);
	}
	middle = at(s, s->seconds[0] + span / 2);
	t.rising = middle > first && last > middle;
	return t;
}
