// SPDX-License-Identifier: Apache-2.0
#include <inttypes.h>
#include <stdio.h>

#include "../cpython/inlined.h"
#include "../util/strbuf.h"
#include "doctor_process.h"

static void print_point(const struct page *page, const struct py_points *points,
			enum py_point which)
{
	const struct py_point_found *point = &points->point[which];
	enum works works = WORKS_OK;
	struct strbuf seen;
	char text[512];

	if (!point->sites) {
		finding_print(page, WORKS_MISSING, py_point_name(which), point->why, NULL);
		return;
	}
	strbuf_init(&seen, text, sizeof(text));
	strbuf_addf(&seen, "by %s:", py_found_name(point->found));
	for (unsigned i = 0; i < point->sites; i++) {
		const struct py_site *site = &point->site[i];

		strbuf_addf(&seen, "%s 0x%" PRIx64, i ? "," : "", site->address);
		if (site->emulated)
			strbuf_addf(&seen, "+%" PRIu32 " (%s)", site->probe_offset,
				    site->instruction);
		else
			strbuf_add(&seen, " (stepped)");
	}
	if (point->why[0])
		strbuf_addf(&seen, "; %s", point->why);
	if (point->live == PY_LIVE_REPLACED || point->live == PY_LIVE_PARTLY) {
		works = WORKS_LIMITED;
		strbuf_add(&seen, point->live == PY_LIVE_PARTLY ? "; called by some" :
								  "; not called");
	}
	finding_print(page, works, py_point_name(which), text, NULL);
}

static void print_usdt(const struct page *page, const struct py_points *points)
{
	char seen[96];

	if (points->gc_starts) {
		snprintf(seen, sizeof(seen), "gc__start 0x%" PRIx64 ", gc__done%s",
			 points->gc_start[0].address, points->gc_dones ? "" : " missing");
		finding_print(page, WORKS_FACT, "USDT", seen, NULL);
	} else {
		finding_print(page, WORKS_FACT, "USDT", "none: built without --with-dtrace", NULL);
	}
}

/* Does the build inline its allocator, and did somebody redirect it? */
static void print_inlined(const struct page *page, const struct py_points *points)
{
	char seen[96];

	snprintf(seen, sizeof(seen), "inlined at %u places", points->inlined);
	if (!py_is_inlined(points))
		finding_print(page, WORKS_OK, "allocator calls", "through its tables", NULL);
	else
		finding_print(page, WORKS_LIMITED, "allocator calls", seen,
			      "--exact counts them without sizes; --exact --redirect sees all");
	for (unsigned i = 0; i < PY_DOMAINS; i++) {
		if (!points->table[i].redirected)
			continue;
		finding_print(page, WORKS_LIMITED, "allocator tables", "redirected by a pyleak",
			      "if none runs: pyleak doctor -p PID --repair");
		return;
	}
}

void doctor_points(const struct page *page, const struct py_runtime *rt, const struct process *p,
		   struct remote *mem)
{
	struct err e = { 0 };
	struct py_points points;

	if (py_points_find(&points, rt, p, mem, &e)) {
		finding_print(page, WORKS_MISSING, "functions to probe", e.text, NULL);
		return;
	}
	if (points.debug_file[0])
		finding_print(page, WORKS_FACT, "debug file", points.debug_file, NULL);
	for (unsigned i = 0; i < PY_POINTS; i++)
		print_point(page, &points, i);
	print_inlined(page, &points);
	print_usdt(page, &points);
}
