// SPDX-License-Identifier: Apache-2.0
/*
 * Things to be called later, and weak references: registered, and never taken away.
 */
#include <stdio.h>
#include <string.h>

#include "cause.h"

static bool is_method(const struct scene *s, uint64_t addr)
{
	return scene_is(s, addr, KIND_METHOD);
}

static bool is_closure(const struct scene *s, uint64_t addr)
{
	return scene_is(s, addr, KIND_FUNCTION);
}

static bool is_partial(const struct scene *s, uint64_t addr)
{
	return scene_isa(s, addr, "functools.partial");
}

static bool is_weakref(const struct scene *s, uint64_t addr)
{
	return scene_is(s, addr, KIND_WEAKREF);
}

static bool is_finalizer(const struct scene *s, uint64_t addr)
{
	return scene_isa(s, addr, "weakref.finalize._Info");
}

static bool finalizers(const struct scene *s, struct candidate *c)
{
	if (!scene_have(s, is_finalizer, NULL))
		return false;
	return cause_say(c, "weakref.finalize() is called for objects that do not go",
			 "Find what keeps those objects, or detach() each finalizer: its registry "
			 "holds the callback and its arguments until then.");
}

/* A reference whose object is gone refers to None (Objects/weakrefobject.c). */
static bool is_dead(const struct scene *s, uint64_t addr)
{
	const struct py_type *type;

	if (!is_weakref(s, addr))
		return false;
	type = scene_type(s, scene_word(s, addr, s->r->rt->layout.wr_object));
	return type && strcmp(type->name, "NoneType") == 0;
}

static bool listed(const struct scene *s, struct candidate *c)
{
	if (!scene_have(s, is_weakref, NULL) || scene_have(s, is_dead, NULL))
		return false;
	return cause_say(c, "weak references to objects that are kept elsewhere",
			 "Find who keeps those objects, another candidate or pyleak who: the "
			 "references go with them.");
}

static bool weakrefs(const struct scene *s, struct candidate *c)
{
	if (!scene_have(s, is_dead, NULL))
		return false;
	return cause_say(c, "weak references are kept after their objects are gone",
			 "Take each away in its callback, or let weakref.WeakSet, "
			 "WeakValueDictionary or WeakMethod do so.");
}

static bool methods(const struct scene *s, struct candidate *c)
{
	if (!scene_have(s, is_method, NULL))
		return false;
	return cause_say(c, "bound methods are registered and never removed: each keeps its object",
			 "Remove the method when its object is done with, or keep "
			 "weakref.WeakMethod(method) in the list.");
}

static bool partials(const struct scene *s, struct candidate *c)
{
	if (!scene_have(s, is_partial, NULL))
		return false;
	return cause_say(c, "functools.partial objects are registered and never removed",
			 "Take each out once it was called, or cancel it: it holds all its "
			 "arguments.");
}

static bool functions(const struct scene *s, struct candidate *c)
{
	char name[SCENE_NAME], cause[sizeof(c->cause)];
	uint64_t example = 0;

	if (!scene_have(s, is_closure, &example) || !scene_function(s, example, name, sizeof(name)))
		return false;
	snprintf(cause, sizeof(cause), "callbacks are registered and never removed, such as %.60s",
		 name);
	return cause_say(c, cause,
			 "Remove each callback when it is done with, or register one function "
			 "once: one made in each call holds that call's variables.");
}

/* (function, arguments, keywords or None) in a list that the interpreter itself holds. */
static bool is_registration(const struct scene *s, uint64_t addr)
{
	const struct py_layout *l = &s->r->rt->layout;
	const struct py_type *arguments;

	if (!scene_is(s, addr, KIND_TUPLE) || scene_word(s, addr, l->ob_size) != 3)
		return false;
	arguments = scene_type(s, scene_word(s, addr, l->tu_item + 8));
	return arguments && arguments->kind == KIND_TUPLE;
}

/* Modules/atexitmodule.c: from 3.14 a list in the interpreter's state. */
static bool at_exit(const struct scene *s, struct candidate *c)
{
	if (!s->root || s->root->kind != ROOT_DATA || !strstr(s->root->label, "python") ||
	    s->levels || !s->self.type || s->self.type->kind != KIND_LIST ||
	    !scene_have(s, is_registration, NULL))
		return false;
	return cause_say(c, "atexit.register() is called again and again",
			 "Register one function once, that closes what is still open then; "
			 "atexit.unregister() what is done with.");
}

static const struct cause table[] = { { "at exit", at_exit },
				      { "finalizers", finalizers },
				      { "weak references, alive", listed },
				      { "weak references, dead", weakrefs },
				      { "bound methods", methods },
				      { "partials", partials },
				      { "callbacks", functions } };

const struct cause_family causes_callbacks = CAUSE_FAMILY(table);
