// SPDX-License-Identifier: Apache-2.0
/*
 * Interned strings: a dict in which every string is its own value.
 */
#include "cause.h"

static bool interned(const struct scene *s, struct candidate *c)
{
	unsigned same = 0;

	for (unsigned i = 0; i < s->elements; i++)
		same += s->element[i].key == s->element[i].value;
	if (!s->elements || same < s->elements || !scene_are(s, "str"))
		return false;
	return cause_say(c, "strings are interned that do not come again",
			 "Intern only what repeats, names of fields and not of customers, or take "
			 "the table away: a string that comes once gains nothing by it.");
}

static const struct cause table[] = { { "interned strings", interned } };

const struct cause_family causes_strings = CAUSE_FAMILY(table);
