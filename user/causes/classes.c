// SPDX-License-Identifier: Apache-2.0
/*
 * Containers that belong to a class or a function, where a person thinks of an instance or a call;
 * and classes that are made at run time.
 */
#include <stdio.h>
#include <string.h>

#include "../heap/members.h"
#include "cause.h"

static bool is_type(const struct scene *s, uint64_t addr)
{
	return scene_is(s, addr, KIND_TYPE);
}

static bool made_at_run_time(const struct scene *s, struct candidate *c)
{
	if (!scene_have(s, is_type, NULL))
		return false;
	return cause_say(c, "classes are made at run time and all are kept",
			 "Make each class once, and take it from a dict by what it is made of, or "
			 "use one class and plain data: a class takes kilobytes.");
}

static const struct object *function_above(const struct scene *s, unsigned level, uint32_t field)
{
	const struct object *o = s->levels > level ? &s->above[level] : NULL;

	return o && o->type && o->type->kind == KIND_FUNCTION &&
			       s->edge[level] == (EDGE_FIELD | field / 8)
		       ? o
		       : NULL;
}

static bool default_argument(const struct scene *s, struct candidate *c)
{
	const struct py_layout *l = &s->r->rt->layout;
	const struct object *function = function_above(s, 1, l->fu_defaults);
	char name[SCENE_NAME], cause[sizeof(c->cause)];

	if (!function)
		function = function_above(s, 1, l->fu_kwdefaults);
	if (!function || !s->self.type || !scene_function(s, function->addr, name, sizeof(name)))
		return false;
	snprintf(cause, sizeof(cause),
		 "a mutable default argument of %.40s(): one %.32s for all calls", name,
		 s->self.type->name);
	return cause_say(c, cause,
			 "Make None the default and the container inside of the function: a "
			 "default is made once and is the same in every call.");
}

static bool class_attribute(const struct scene *s, struct candidate *c)
{
	char cause[sizeof(c->cause)];

	if (s->levels < 2 || !s->self.type || !s->above[1].type ||
	    s->above[1].type->kind != KIND_TYPE ||
	    !members_is_namespace(s->r, &s->above[1], s->edge[1]))
		return false;
	snprintf(cause, sizeof(cause),
		 "an attribute of the class, one %.32s for all instances, that is only added to",
		 s->self.type->name);
	return cause_say(c, cause,
			 "Make it in __init__() if each instance was to have its own; else take "
			 "out of it what an instance put in when the instance is done with.");
}

static const struct cause table[] = { { "classes", made_at_run_time },
				      { "default argument", default_argument },
				      { "class attribute", class_attribute } };

const struct cause_family causes_classes = CAUSE_FAMILY(table);
