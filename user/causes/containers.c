// SPDX-License-Identifier: Apache-2.0
/*
 * What is left: a container that grows, by what it is.
 */
#include <stdio.h>
#include <string.h>

#include "../heap/typename.h"
#include "cause.h"

struct shape {
	enum kind kind;
	bool keys; /* it is told by the type of its keys, not of its values */
	const char *what, *after;
	const char *advice;
};

static const struct shape shapes[] = {
	{ KIND_DICT, true, "that only gets new keys, of type", ", like a cache without a bound",
	  "Take entries out when they are done with, or bound it: "
	  "functools.lru_cache(maxsize=...), or popitem() above a size." },
	{ KIND_LIST, false, "that is appended to and never emptied, elements of type", "",
	  "Take elements out when they are done with, or bound it: "
	  "collections.deque(maxlen=...)." },
	{ KIND_SET, false, "that is added to and never taken from, elements of type", "",
	  "Remove elements when they are done with, or start a new set from time to time." },
	{ KIND_DEQUE, false, "without maxlen that is never drained, elements of type", "",
	  "Give it a bound, collections.deque(maxlen=...), or see that who takes from it "
	  "keeps up." },
};

static bool container(const struct scene *s, struct candidate *c, const struct shape *shape)
{
	char own[SCENE_NAME], inner[SCENE_NAME], cause[sizeof(c->cause)];

	typename_write(s->r->types, reach_type(s->r, s->holder->block), own, sizeof(own));
	if (shape->keys)
		scene_key_type(s, inner, sizeof(inner));
	else
		scene_value_type(s, inner, sizeof(inner));
	snprintf(cause, sizeof(cause), "a %.32s %s %.32s%s", own, shape->what, inner, shape->after);
	return cause_say(c, cause, shape->advice);
}

static const struct shape *shape_of(const struct scene *s)
{
	for (size_t i = 0; s->holder->sized && s->self.type && i < sizeof(shapes) / sizeof(*shapes);
	     i++)
		if (shapes[i].kind == s->self.type->kind)
			return &shapes[i];
	return NULL;
}

/* "frame consume: backlog" holds it itself. */
static bool local_variable(const struct scene *s, struct candidate *c)
{
	const char *colon = s->root ? strrchr(s->root->label, ':') : NULL;
	char cause[sizeof(c->cause)];

	if (!shape_of(s) || !s->root || s->root->kind != ROOT_FRAME || s->levels || !colon)
		return false;
	snprintf(cause, sizeof(cause),
		 "a local variable of %.*s(), which does not return, only grows",
		 (int)(colon - s->root->label - strlen("frame ")),
		 s->root->label + strlen("frame "));
	return cause_say(c, cause,
			 "Empty the container inside of the loop, or make it where one job begins, "
			 "so that it goes when the job ends.");
}

static bool only_grows(const struct scene *s, struct candidate *c)
{
	const struct shape *shape = shape_of(s);

	return shape && container(s, c, shape);
}

static const struct cause table[] = { { "local variable", local_variable },
				      { "container", only_grows } };

const struct cause_family causes_containers = CAUSE_FAMILY(table);
