// SPDX-License-Identifier: Apache-2.0
#include <stdio.h>

#include "source.h"

static const struct {
	enum py_point point;
	enum loader_program program;
	bool allocates;
} functions[] = {
	{ PY_POINT_OBJECT_FREE, PROGRAM_PYMALLOC_FREE, false },
	{ PY_POINT_OBJECT_MALLOC, PROGRAM_PYMALLOC_MALLOC, true },
	{ PY_POINT_OBJECT_CALLOC, PROGRAM_PYMALLOC_CALLOC, true },
	{ PY_POINT_OBJECT_REALLOC, PROGRAM_PYMALLOC_REALLOC, true },
};

/* Calls by the alias miss a probe at the very entry. */
static void place(const struct py_site *site, bool redirected, struct source_probe *probe)
{
	bool at_alias = redirected && !site->emulated;

	probe->offset = at_alias ? site->alias_offset : site->file_offset + site->probe_offset;
	probe->emulated = at_alias ? site->alias_emulated : site->emulated;
}

static void find_points(const struct source_target *t, struct source_probes *out)
{
	const struct map *m = maps_find(t->maps, t->rt->image_start);

	*out = (struct source_probes){ 0 };
	for (size_t i = 0; i < sizeof(functions) / sizeof(functions[0]); i++) {
		const struct py_point_found *found = &t->points->point[functions[i].point];
		struct source_probe probe = {
			.program = functions[i].program,
			.allocates = functions[i].allocates,
		};

		if (!found->sites && !out->why[0])
			snprintf(out->why, sizeof(out->why), "%s: %.120s",
				 py_point_name(functions[i].point), found->why);
		for (unsigned site = 0; site < found->sites && m; site++) {
			source_path(t->process, m, probe.path, sizeof(probe.path));
			place(&found->site[site], t->redirected, &probe);
			snprintf(probe.function, sizeof(probe.function), "%s",
				 py_point_name(functions[i].point));
			source_add(out, &probe, t->maps, m);
		}
	}
}

const struct source source_pymalloc = { "pymalloc", ACCOUNT_PYMALLOC, find_points };
