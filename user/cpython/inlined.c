// SPDX-License-Identifier: Apache-2.0
#include "inlined.h"

#include <errno.h>
#include <stdlib.h>

#include "../util/grow.h"

struct search {
	struct py_inlined *out;
	const struct code *code;
	uint64_t entry;
	enum py_point function;
	int rc;
};

static bool add(struct search *s, uint64_t at, enum py_inlined_kind kind)
{
	struct py_inlined *out = s->out;
	struct py_inlined_site site = { .kind = kind, .function = s->function };

	if (!code_file_offset(s->code, at, &site.file_offset))
		return true;
	if (out->count == PY_INLINED_MAX)
		s->rc = -E2BIG;
	else
		s->rc = grow(&out->site, &out->cap, out->count + 1, sizeof(*out->site));
	if (s->rc)
		return false;
	out->site[out->count++] = site;
	out->branches += kind == PY_INLINED_BRANCH;
	return true;
}

static bool add_branch(void *arg, uint64_t at, const struct code_instruction *in)
{
	(void)in;
	return add(arg, at, PY_INLINED_BRANCH);
}

/* Its own jumps to its beginning are no calls. */
static bool add_jump(void *arg, uint64_t at, const struct code_instruction *in)
{
	struct search *s = arg;
	const struct code_function *f = code_function_at(s->code, at);

	if (in->kind != CODE_JUMP || !f || f->start == s->entry)
		return true;
	return add(s, at, PY_INLINED_JUMP);
}

int py_inlined_find(struct py_inlined *out, const struct code *c, const struct py_points *points,
		    uint64_t bias)
{
	*out = (struct py_inlined){ 0 };
	for (unsigned i = PY_POINT_OBJECT_MALLOC; i <= PY_POINT_OBJECT_REALLOC; i++) {
		struct search s = { .out = out, .code = c, .function = i };
		int rc;

		if (points->point[i].sites != 1)
			continue;
		s.entry = points->point[i].site[0].address - bias;
		rc = code_compares(c, s.entry, add_branch, &s);
		if (!rc)
			rc = code_jumps(c, s.entry, s.entry + 1, add_jump, &s);
		if (s.rc || rc)
			return s.rc ? s.rc : rc;
	}
	return 0;
}

void py_inlined_release(struct py_inlined *inlined)
{
	free(inlined->site);
	*inlined = (struct py_inlined){ 0 };
}
