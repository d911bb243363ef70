// SPDX-License-Identifier: Apache-2.0
#include "forecast.h"

#include <math.h>

#define T_95 2.365 /* Student's t, two-sided, 7 degrees of freedom */
#define SECONDS_MOST (10 * 365.25 * 86400)

static double until(double room, double growth)
{
	double seconds = growth > 0 ? fmax(room, 0) / growth : -1;

	return seconds > SECONDS_MOST ? -1 : seconds;
}

void forecast(struct limit *l, const struct series *rss)
{
	double step[FORECAST_BLOCKS], length, mean = 0, square = 0, error, room;

	l->seconds = l->seconds_low = l->seconds_high = -1;
	if (rss->count <= FORECAST_BLOCKS)
		return;
	length = (rss->seconds[rss->count - 1] - rss->seconds[0]) / FORECAST_BLOCKS;
	if (length <= 0)
		return;
	for (unsigned i = 0; i < FORECAST_BLOCKS; i++) {
		double from = rss->seconds[0] + i * length;

		step[i] = (series_at(rss, from + length) - series_at(rss, from)) / length;
		mean += step[i] / FORECAST_BLOCKS;
	}
	for (unsigned i = 0; i < FORECAST_BLOCKS; i++)
		square += (step[i] - mean) * (step[i] - mean) / (FORECAST_BLOCKS - 1);
	error = T_95 * sqrt(square / FORECAST_BLOCKS);
	l->growth_known = true;
	l->growth = mean;
	l->growth_low = mean - error;
	l->growth_high = mean + error;
	if (l->bytes == UNKNOWN || l->growth_low <= 0)
		return;
	room = (double)(l->bytes - l->used);
	l->seconds = until(room, mean);
	l->seconds_low = until(room, l->growth_high);
	l->seconds_high = until(room, l->growth_low);
}
