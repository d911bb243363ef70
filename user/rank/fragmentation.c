// SPDX-License-Identifier: Apache-2.0
#include "fragmentation.h"

#include <stdio.h>

#include "../util/units.h"

#define GAIN_LEAST (1 << 20) /* bytes: less is a few arenas that fill up */
#define FREE_SHARE 0.5	     /* of what the process gained */
#define FALL_MOST 0.25	     /* of the gain: what falls back further is given back */

static double free_at(const struct fragments *f, unsigned walk)
{
	return f->python_free[walk] + f->native_free[walk];
}

/* The walk that found most free memory. */
static unsigned freest(const struct fragments *f)
{
	unsigned most = 1;

	for (unsigned i = 2; i < f->walks; i++)
		if (free_at(f, i) > free_at(f, most))
			most = i;
	return most;
}

static void explain(struct candidate *c, bool native)
{
	snprintf(c->cause, sizeof(c->cause), "%s",
		 native ? "memory freed below small blocks that stay at the top of malloc's heap"
			: "pools and arenas of which only some blocks are still used");
	snprintf(c->advice, sizeof(c->advice), "%s",
		 native ? "Give it back with malloc_trim(0), ctypes.CDLL(None).malloc_trim(0), "
			  "after large work; find what allocates the small blocks that stay, or "
			  "use a malloc that returns pages, such as jemalloc."
			: "Do the large work in a process of its own that ends, or make what stays "
			  "before it: an arena goes back only when every block in it is free.");
}

bool fragmentation_judge(struct candidate *c, const struct fragments *f, const struct series *rss,
			 int64_t trim)
{
	struct trend t = trend_of(rss, 0);
	char gained[UNITS_TEXT], unused[UNITS_TEXT], live[UNITS_TEXT];
	double gain, span, native;
	unsigned most;

	if (f->walks < 3)
		return false;
	most = freest(f);
	gain = free_at(f, most) - free_at(f, 0);
	span = f->seconds[most] - f->seconds[0];
	native = f->native_free[most] - f->native_free[0];
	if (t.gain < GAIN_LEAST || t.drop > FALL_MOST || gain < GAIN_LEAST ||
	    gain < FREE_SHARE * t.gain || span <= 0)
		return false;
	*c = (struct candidate){ .verdict = VERDICT_FRAGMENTATION,
				 .confidence = 0.9 * (1 - t.drop),
				 .bytes_per_second = gain / span,
				 .inuse_bytes = (int64_t)gain,
				 .inuse_objects = UNKNOWN };
	for (unsigned i = 0; i < REPORT_WALKS_MAX; i++)
		c->sizes[i] = UNKNOWN;
	units_bytes(gained, (int64_t)t.gain);
	units_bytes(unused, (int64_t)gain);
	units_bytes(live, (int64_t)(f->live[most] - f->live[0]));
	candidate_evidence(c, "RSS grew by %s and did not fall back", gained);
	candidate_evidence(c,
			   "between the first and the last walk free memory grew by %s, live "
			   "memory by %s",
			   unused, live);
	if (trim != UNKNOWN && trim >= GAIN_LEAST) {
		units_bytes(unused, trim);
		candidate_evidence(c, "malloc_trim(0) would give back about %s", unused);
	}
	explain(c, native > gain / 2);
	return true;
}
