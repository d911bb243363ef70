// SPDX-License-Identifier: Apache-2.0
#include <stdio.h>

#include "source.h"

static void find_points(const struct source_target *t, struct source_probes *out)
{
	const struct py_point_found *found = &t->points->point[PY_POINT_NEW_POOL];
	const struct map *m = maps_find(t->maps, t->rt->image_start);

	*out = (struct source_probes){ 0 };
	if (!found->sites)
		snprintf(out->why, sizeof(out->why), "%s: %.120s", py_point_name(PY_POINT_NEW_POOL),
			 found->why);
	for (unsigned site = 0; site < found->sites && m; site++) {
		struct source_probe probe = {
			.offset = found->site[site].file_offset + found->site[site].probe_offset,
			.emulated = found->site[site].emulated,
			.program = PROGRAM_POOLS_NEW,
			.returns = true,
		};

		source_path(t->process, m, probe.path, sizeof(probe.path));
		snprintf(probe.function, sizeof(probe.function), "%s",
			 py_point_name(PY_POINT_NEW_POOL));
		source_add(out, &probe, t->maps, m);
	}
}

const struct source source_pools = { "pools", ACCOUNT_POOL, find_points };
