// SPDX-License-Identifier: Apache-2.0
/*
 * Some 300 branches, all emulated and passed once an allocation: cpython/inlined.h. Where calls are
 * redirected, or go through the table anyway, src_pymalloc.c sees them all, and more of each.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "../cpython/inlined.h"
#include "../target/open_image.h"
#include "source.h"

static const enum loader_program programs[] = {
	[PY_INLINED_BRANCH] = PROGRAM_INLINED_BRANCH,
	[PY_INLINED_JUMP] = PROGRAM_INLINED_JUMP,
};

static int find(const struct source_target *t, const struct map *m, struct py_inlined *inlined)
{
	struct image *image;
	struct code *code = NULL;
	int rc = image_open_target(&image, t->process, m, NULL);

	if (rc)
		return rc;
	rc = code_open(&code, image, NULL);
	if (!rc)
		rc = py_inlined_find(inlined, code, t->points, t->rt->bias);
	code_close(code);
	image_close(image);
	return rc;
}

static void add_sites(const struct source_target *t, const struct map *m,
		      const struct py_inlined *inlined, enum py_inlined_kind kind,
		      struct source_probe *probe, struct source_probes *out)
{
	probe->program = programs[kind];
	snprintf(probe->function, sizeof(probe->function), "inlined allocator");
	for (size_t i = 0; i < inlined->count; i++) {
		if (inlined->site[i].kind != kind)
			continue;
		probe->offset = inlined->site[i].file_offset;
		probe->emulated = true;
		source_add(out, probe, t->maps, m);
	}
}

/* The functions themselves, for calls of them that compare nothing. */
static void add_functions(const struct source_target *t, const struct map *m,
			  struct source_probe *probe, struct source_probes *out)
{
	probe->program = PROGRAM_INLINED_CALL;
	for (unsigned i = PY_POINT_OBJECT_MALLOC; i <= PY_POINT_OBJECT_REALLOC; i++) {
		const struct py_site *site = &t->points->point[i].site[0];

		probe->offset = site->file_offset + site->probe_offset;
		probe->emulated = site->emulated;
		snprintf(probe->function, sizeof(probe->function), "%s", py_point_name(i));
		source_add(out, probe, t->maps, m);
	}
}

static void find_points(const struct source_target *t, struct source_probes *out)
{
	const struct map *m = maps_find(t->maps, t->rt->image_start);
	struct py_inlined inlined = { 0 };
	struct source_probe probe = { 0 };
	int rc;

	*out = (struct source_probes){ 0 };
	if (t->redirected || !py_is_inlined(t->points) || !m)
		return;
	rc = find(t, m, &inlined);
	if (rc)
		snprintf(out->why, sizeof(out->why), "its code could not be read: %s",
			 strerror(-rc));
	else if (inlined.count + 3 > SOURCE_PROBES_MAX)
		snprintf(out->why, sizeof(out->why), "more than %d places", SOURCE_PROBES_MAX);
	if (!out->why[0]) {
		source_path(t->process, m, probe.path, sizeof(probe.path));
		/* A jump before the call that it leads to, so that none is counted twice. */
		add_sites(t, m, &inlined, PY_INLINED_JUMP, &probe, out);
		add_sites(t, m, &inlined, PY_INLINED_BRANCH, &probe, out);
		add_functions(t, m, &probe, out);
	}
	py_inlined_release(&inlined);
}

const struct source source_inlined = { "inlined", ACCOUNT_INLINED, find_points };
