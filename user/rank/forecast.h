// SPDX-License-Identifier: Apache-2.0
/*
 * When growth meets its limit. Pure.
 */
#ifndef PYLEAK_RANK_FORECAST_H
#define PYLEAK_RANK_FORECAST_H

#include "../model/report.h"
#include "trend.h"

#define FORECAST_BLOCKS 8

/*
 * Fill l's growth and times from the resident sizes of the look. The look is cut into
 * FORECAST_BLOCKS parts of equal length; their increments give the mean and, by Student's t, its
 * interval of 95 %. The times are -1 where growth is not beyond chance, and the later one where
 * even slow growth is possible.
 */
void forecast(struct limit *l, const struct series *rss);

#endif
