// SPDX-License-Identifier: Apache-2.0
#include "fragmentation.h"

#include <math.h>
#include <stdio.h>

#include "../util/units.h"

#define GAIN_LEAST (1 << 20) /* bytes: less is a few arenas that fill up */
#define FREE_SHARE 0.5	     /* of what the process gained */
#define FALL_MOST 0.25	     /* of the gain: what falls back further is given back */
#define STEADY_WALKS 5
#define STEADY_LEAST (256 << 10) /* bytes, where more was free at every walk than before */
#define STILL_GROWS 0.25	 /* rate of the last third, of the mean: else it was a warm-up */
#define UNUSED_LEAST (32 << 20)	 /* bytes, free all the time: less is not worth a restart */
#define UNUSED_SHARE 0.5	 /* of RSS */

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

/* A small block after the other pins a little more: less growth than chance could be, were it not
 * seen at each of so many walks. */
static bool is_steady(const struct fragments *f, const struct trend *t)
{
	for (unsigned i = 1; i < f->walks; i++)
		if (free_at(f, i) <= free_at(f, i - 1))
			return false;
	return f->walks >= STEADY_WALKS && t->rising;
}

static void begin(struct candidate *c, double confidence, double bytes, double seconds)
{
	*c = (struct candidate){ .verdict = VERDICT_FRAGMENTATION,
				 .confidence = confidence,
				 .bytes_per_second = bytes / seconds,
				 .inuse_bytes = (int64_t)bytes,
				 .inuse_objects = UNKNOWN };
	for (unsigned i = 0; i < REPORT_WALKS_MAX; i++)
		c->sizes[i] = UNKNOWN;
}

static void add_trim(struct candidate *c, int64_t trim)
{
	char text[UNITS_TEXT];

	if (trim == UNKNOWN || trim < STEADY_LEAST)
		return;
	units_bytes(text, trim);
	candidate_evidence(c, "malloc_trim(0) would give back about %s", text);
}

bool fragmentation_judge(struct candidate *c, const struct fragments *f, const struct series *rss,
			 int64_t trim)
{
	struct trend t = trend_of(rss, 0);
	char gained[UNITS_TEXT], unused[UNITS_TEXT], live[UNITS_TEXT];
	double gain, span, native;
	double least;
	unsigned most;

	if (f->walks < 3)
		return false;
	most = freest(f);
	gain = free_at(f, most) - free_at(f, 0);
	span = f->seconds[most] - f->seconds[0];
	native = f->native_free[most] - f->native_free[0];
	least = is_steady(f, &t) ? STEADY_LEAST : GAIN_LEAST;
	if (t.gain < least || t.drop > FALL_MOST || t.late_share < STILL_GROWS || gain < least ||
	    gain < FREE_SHARE * t.gain || span <= 0)
		return false;
	begin(c, 0.9 * (1 - t.drop), gain, span);
	units_bytes(gained, (int64_t)t.gain);
	units_bytes(unused, (int64_t)gain);
	units_bytes(live, (int64_t)(f->live[most] - f->live[0]));
	candidate_evidence(c, "RSS grew by %s and did not fall back", gained);
	candidate_evidence(c,
			   "between the first and the last walk free memory grew by %s, live "
			   "memory by %s",
			   unused, live);
	add_trim(c, trim);
	explain(c, native > gain / 2);
	return true;
}

bool fragmentation_unused(struct candidate *c, const struct fragments *f, int64_t rss,
			  int64_t trim)
{
	char unused[UNITS_TEXT], whole[UNITS_TEXT];
	unsigned last = f->walks - 1;
	double least;

	if (f->walks < 3 || rss == UNKNOWN)
		return false;
	least = free_at(f, 0);
	for (unsigned i = 1; i < f->walks; i++)
		least = fmin(least, free_at(f, i));
	if (least < UNUSED_LEAST || least < UNUSED_SHARE * (double)rss)
		return false;
	begin(c, 0.8, least, INFINITY);
	units_bytes(unused, (int64_t)least);
	units_bytes(whole, rss);
	candidate_evidence(c, "%s of RSS %s were free at each of %u walks in %.1f s", unused, whole,
			   f->walks, f->seconds[last] - f->seconds[0]);
	add_trim(c, trim);
	explain(c, f->native_free[last] > f->python_free[last]);
	return true;
}
