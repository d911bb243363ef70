// SPDX-License-Identifier: Apache-2.0
#include "share.h"

#include <math.h>

#define Z 1.96 /* standard deviations: 95 % */

void share_add(struct share *s, double weight)
{
	s->samples++;
	s->weight += weight;
	s->squares += weight * weight;
}

struct share_interval share_of(const struct share *part, const struct share *whole)
{
	struct share_interval out = { .low = 0, .high = 1 };
	double n, p, center, half;

	if (whole->weight <= 0 || whole->squares <= 0)
		return out;
	n = whole->weight * whole->weight / whole->squares;
	p = fmin(part->weight / whole->weight, 1);
	center = (p + Z * Z / (2 * n)) / (1 + Z * Z / n);
	half = Z / (1 + Z * Z / n) * sqrt(p * (1 - p) / n + Z * Z / (4 * n * n));
	out.share = p;
	out.low = fmax(center - half, 0);
	out.high = fmin(center + half, 1);
	return out;
}
