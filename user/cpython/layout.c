// SPDX-License-Identifier: Apache-2.0
/*
 * The generated tables as const data.
 */
#include "layout.h"

#include <errno.h>
#include <stddef.h>

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

#define PY_FIELD(field, value) .field = value,
#define PY_FACT(fact, value) .facts.fact = value,
#define PY_DEBUG(field, index)
static const struct py_layout tables[] = {
	{
		.major = 3,
		.minor = 8,
#include "layouts/3_8.inc"
	},
	{
		.major = 3,
		.minor = 9,
#include "layouts/3_9.inc"
	},
	{
		.major = 3,
		.minor = 10,
#include "layouts/3_10.inc"
	},
	{
		.major = 3,
		.minor = 11,
#include "layouts/3_11.inc"
	},
	{
		.major = 3,
		.minor = 12,
#include "layouts/3_12.inc"
	},
	{
		.major = 3,
		.minor = 13,
#include "layouts/3_13.inc"
	},
	{
		.major = 3,
		.minor = 14,
#include "layouts/3_14.inc"
	},
	{
		.major = 3,
		.minor = 15,
#include "layouts/3_15.inc"
	},
};
#undef PY_FIELD
#undef PY_FACT
#undef PY_DEBUG

/* A field that a table lacks would be 0, a plausible offset: tables must be as long as the list. */
#define X(field) +1
#define PY_FIELD(field, value) +1
#define PY_FACT(fact, value)
#define PY_DEBUG(field, index)
enum {
	fields_listed = 0 PY_LAYOUT_FIELDS(X),
	fields_of_all_tables = 0
#include "layouts/3_8.inc"
#include "layouts/3_9.inc"
#include "layouts/3_10.inc"
#include "layouts/3_11.inc"
#include "layouts/3_12.inc"
#include "layouts/3_13.inc"
#include "layouts/3_14.inc"
#include "layouts/3_15.inc"
};
#undef PY_FIELD
#undef PY_FACT
#undef PY_DEBUG
#undef X

_Static_assert(fields_of_all_tables == fields_listed * ARRAY_SIZE(tables),
	       "a layouts/3_N.inc lacks a field: run scripts/gen-layout");

int py_layout_table(struct py_layout *l, int major, int minor)
{
	for (size_t i = 0; i < ARRAY_SIZE(tables); i++) {
		if (tables[i].major != major || tables[i].minor != minor)
			continue;
		*l = tables[i];
		return 0;
	}
	return -ENOENT;
}
