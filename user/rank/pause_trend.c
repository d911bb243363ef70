// SPDX-License-Identifier: Apache-2.0
#include "pause_trend.h"

#include <math.h>

struct sums {
	double n, x, y, z, xx, yy, zz, xy, xz, yz;
};

static double correlation(double n, double x, double y, double xx, double yy, double xy)
{
	double over = n * xy - x * y, under = (n * xx - x * x) * (n * yy - y * y);

	return under > 0 ? over / sqrt(under) : 0;
}

struct pause_trend pause_trend(const struct pauses *p, uint32_t generation)
{
	struct pause_trend t = { 0 };
	struct sums s = { 0 };
	double spread;

	for (size_t i = 0; i < p->count; i++) {
		const struct pause *one = &p->pause[i];
		double x = ((double)one->start_ns - (double)p->began_ns) / 1e9;
		double y = (double)(one->pause_ns - one->off_ns), z = (double)one->tracked;

		if (one->generation != generation || one->tracked == UNKNOWN ||
		    one->off_ns > one->pause_ns)
			continue;
		s.n++;
		s.x += x, s.y += y, s.z += z;
		s.xx += x * x, s.yy += y * y, s.zz += z * z;
		s.xy += x * y, s.xz += x * z, s.yz += y * z;
	}
	spread = s.n * s.xx - s.x * s.x;
	t.points = (unsigned)s.n;
	if (s.n < 2 || spread <= 0)
		return t;
	t.mean_ns = s.y / s.n;
	t.ns_per_second = (s.n * s.xy - s.x * s.y) / spread;
	t.objects_per_second = (s.n * s.xz - s.x * s.z) / spread;
	t.correlation = correlation(s.n, s.x, s.y, s.xx, s.yy, s.xy);
	t.correlation_tracked = correlation(s.n, s.z, s.y, s.zz, s.yy, s.yz);
	return t;
}
