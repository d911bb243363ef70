// SPDX-License-Identifier: Apache-2.0
#include "schedule.h"

#define DEFAULT_END 15.0
#define WALKING 0.8 /* share of a given duration; the rest is for the stores */

struct schedule schedule_for(uint64_t duration_ns)
{
	double end = (double)duration_ns / 1e9;
	struct schedule s = { .at = { 0, 1.2, 2.4, 5.0, 10.0 },
			      .walks = 5,
			      .end = DEFAULT_END,
			      .may_end_early = true };

	if (!duration_ns)
		return s;
	s = (struct schedule){ .walks = end < 3 ? 3 : end < 20 ? 4 : 5, .end = end };
	for (unsigned i = 0; i < s.walks; i++)
		s.at[i] = end * WALKING * i / (s.walks - 1);
	return s;
}
