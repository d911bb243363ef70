// SPDX-License-Identifier: Apache-2.0
/*
 * One holder that grows, and what stands around it, as the causes look at it:
 *
 *	root -> ... -> above[1] -> above[0] -> self -> element[0], ...
 *	module         instance    its dict    list    what came last
 *
 * Everything is read from the live target when the scene is set, right after the search that found
 * the holder. Classes are told by their full names and those of their bases ("logging.Handler"),
 * so that a class of the same name elsewhere is no match and a person's own subclass is one.
 */
#ifndef PYLEAK_CAUSES_SCENE_H
#define PYLEAK_CAUSES_SCENE_H

#include <stdbool.h>
#include <stdint.h>

#include "../heap/heap.h"

#define SCENE_ABOVE 6	  /* steps up that are looked at */
#define SCENE_ELEMENTS 24 /* of a container that are looked at, from its later half */
#define SCENE_LINEAGES 4  /* types told apart among them */
#define SCENE_BASES 10	  /* of a class that are looked at, itself first */
#define SCENE_NAME 96
#define SCENE_MOST 0.75 /* share of the elements that "they are ..." asks for */

struct lineage {
	unsigned type;	/* number in types.h */
	unsigned count; /* elements of it */
	unsigned bases;
	char base[SCENE_BASES][SCENE_NAME]; /* full names, in the order of __mro__ */
};

struct element {
	uint64_t key, value; /* addresses of objects; key 0 where there are none */
};

struct scene {
	struct heap *heap; /* borrowed, as is the holder */
	struct reach *r;
	const struct holder *holder;
	const struct root *root; /* NULL: not known */
	struct object self;	 /* the container, or the object whose slot it is; type NULL: raw */
	struct object above[SCENE_ABOVE];
	unsigned edge[SCENE_ABOVE]; /* edge[i] leads from above[i] down */
	unsigned levels;
	struct element element[SCENE_ELEMENTS]; /* of a slot: the object in it */
	unsigned elements;
	struct lineage lineage[SCENE_LINEAGES]; /* of the elements' values, most first */
	unsigned lineages;
};

/* False where the holder is not there any more. */
bool scene_set(struct scene *s, struct heap *heap, const struct holder *holder);

/* The type of the object at @addr, NULL where there is none. */
const struct py_type *scene_type(const struct scene *s, uint64_t addr);

/*
 * Is there an object of that kind at @addr, or of a type of that name? What was one a moment ago
 * need not be any more: the target runs.
 */
bool scene_is(const struct scene *s, uint64_t addr, enum kind kind);
bool scene_is_named(const struct scene *s, uint64_t addr, const char *name);

/* Is the object at @addr of class @name ("logging.Handler") or one derived from it? */
bool scene_isa(const struct scene *s, uint64_t addr, const char *name);

/* Are most elements of the class, or of one derived from it? */
bool scene_are(const struct scene *s, const char *name);

/* Are most elements of the kind? */
bool scene_are_kind(const struct scene *s, enum kind kind);

/* Does @is hold for most elements themselves, or for one of the first items of tuples that they
 * are? The first such object into @example where it is not NULL. */
bool scene_have(const struct scene *s, bool (*is)(const struct scene *s, uint64_t addr),
		uint64_t *example);

/* The object that has the holder as an attribute, itself or over its __dict__, and the attribute's
 * name; 0 where it is no attribute. */
uint64_t scene_owner(const struct scene *s, char *name, size_t cap);

/* The value of attribute @name of the instance at @addr, 0 where it has none of its own. */
uint64_t scene_attribute(const struct scene *s, uint64_t addr, const char *name);

/* A word of the object at @addr; 0 where it cannot be read. */
uint64_t scene_word(const struct scene *s, uint64_t addr, uint32_t offset);

/* Qualified name of the function at @addr into @buf; false where it has none. */
bool scene_function(const struct scene *s, uint64_t addr, char *buf, size_t cap);

/* Full name of the type of most elements' keys or values; "object" where they differ. */
void scene_key_type(const struct scene *s, char *buf, size_t cap);
void scene_value_type(const struct scene *s, char *buf, size_t cap);

/* Is @name the root module's? */
bool scene_in_module(const struct scene *s, const char *name);

#endif
