// SPDX-License-Identifier: Apache-2.0
/*
 * functools.lru_cache: a wrapper that holds the function and a dict of results; maxsize is -1
 * where there is no bound (Modules/_functoolsmodule.c).
 */
#include <stdio.h>
#include <string.h>

#include "cause.h"

static uint64_t wrapper(const struct scene *s)
{
	bool is = s->levels && s->above[0].type && s->above[0].type->kind == KIND_LRU;

	return is ? s->above[0].addr : 0;
}

/* "Shop.quote" and a first argument of class Shop: the key holds self. */
static bool keys_hold_self(const struct scene *s, const char *function)
{
	const struct py_layout *l = &s->r->rt->layout;
	const char *dot = strrchr(function, '.');
	uint64_t key = s->elements ? s->element[0].key : 0;
	const struct py_type *type = scene_type(s, key);
	char name[SCENE_NAME];

	if (!dot || !type || dot - function >= SCENE_NAME)
		return false;
	if (type->kind == KIND_TUPLE)
		type = scene_type(s, scene_word(s, key, l->tu_item));
	snprintf(name, sizeof(name), "%.*s", (int)(dot - function), function);
	return type && type->flags & PY_TPFLAGS_HEAPTYPE &&
	       strcmp(strrchr(name, '.') ? strrchr(name, '.') + 1 : name, type->name) == 0;
}

static bool unbounded(const struct scene *s, struct candidate *c)
{
	const struct py_layout *l = &s->r->rt->layout;
	uint64_t lru = wrapper(s);
	char function[SCENE_NAME], keys[SCENE_NAME], cause[sizeof(c->cause)],
		advice[sizeof(c->advice)];

	if (!lru || s->holder->bound > 0 ||
	    !scene_function(s, scene_word(s, lru, l->lc_func), function, sizeof(function)))
		return false;
	snprintf(cause, sizeof(cause), "functools.lru_cache without a bound on %.70s()", function);
	if (keys_hold_self(s, function))
		return cause_say(c, cause,
				 "Each key holds self, so no instance is ever freed: cache on the "
				 "instance (functools.cached_property, a dict in self), or on a "
				 "function that does not take self, with a bound.");
	scene_key_type(s, keys, sizeof(keys));
	snprintf(advice, sizeof(advice),
		 "Give it a bound, @lru_cache(maxsize=1024), or cache only calls whose arguments "
		 "come again: its keys are %s, and new ones keep coming.",
		 strcmp(keys, "object") == 0 ? "tuples of arguments" : keys);
	return cause_say(c, cause, advice);
}

static const struct cause table[] = { { "lru_cache", unbounded } };

const struct cause_family causes_lru = CAUSE_FAMILY(table);
