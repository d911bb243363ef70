// SPDX-License-Identifier: Apache-2.0
/*
 * How each kind of object holds others: one row of functions a kind (enum kind in types.h). Exact
 * bounds everywhere: dead slack behind a container's last element holds stale pointers.
 */
#ifndef PYLEAK_HEAP_KINDS_H
#define PYLEAK_HEAP_KINDS_H

#include "../cpython/dictkeys.h"
#include "../util/strbuf.h"
#include "reach.h"

/* What a label needs to know of the steps before it. */
struct step {
	struct object parent;
	unsigned edge;
	bool namespace;	   /* the parent is a dict whose keys are names: of a module, a class, an
			      instance */
	uint64_t function; /* the parent is the closure of this function; 0: it is no closure */
	bool values; /* write indexes and keys that are data, too */
	bool first; /* the first name behind "module x: ", which is written without its dot */
};

/* Call reach_edge() for everything that @o holds. */
void kinds_visit(struct reach *r, const struct object *o);

/*
 * Append how a person writes the step: ".name", "[*]", "['key']", "{elem}", ".__closure__". Nothing
 * where the step is not written at all (module to its dict, instance to its __dict__).
 */
void kinds_label(struct reach *r, const struct step *s, struct strbuf *out);

/* The address of the slot behind an edge, now; 0 where it has none (saturated, or the container
 * changed its shape). */
uint64_t kinds_slot(struct reach *r, const struct object *o, unsigned edge);

/* The address of the word that holds a container's size; 0 where the kind has none. */
uint64_t kinds_size_word(const struct reach *r, const struct object *o);

/* For kinds_*.c: */

struct kind_ops {
	void (*visit)(struct reach *r, const struct object *o);
	void (*label)(struct reach *r, const struct step *s,
		      struct strbuf *out); /* of EDGE_ITEM, _KEY, _LOCAL */
	uint64_t (*slot)(struct reach *r, const struct object *o,
			 unsigned index); /* of EDGE_ITEM */
};
extern const struct kind_ops kind_list, kind_tuple, kind_dict, kind_set,
	kind_deque; /* kinds_containers.c */
extern const struct kind_ops kind_frame, kind_generator, kind_code, kind_weakref, kind_lru,
	kind_lru_link, kind_bytearray; /* kinds_special.c */

/* Words [@from, @to) of the object as fields, but its weak references and its dict pointer. */
void kinds_visit_fields(struct reach *r, const struct object *o, uint32_t from, uint32_t to);

/* The same where raw memory that a word points to is not the object's own: only objects are
 * followed. */
void kinds_visit_references(struct reach *r, const struct object *o, uint32_t from, uint32_t to);

/* Attribute values and __dict__, wherever the version keeps them. */
void kinds_visit_attributes(struct reach *r, const struct object *o);

/* Name of attribute value @index by the type's cached keys; false where there is none. */
bool kinds_attribute_name(struct reach *r, const struct object *o, unsigned index, char *buf,
			  size_t cap);

/* Address of the attribute values of @o and how many there can be; 0 where it has none of its own.
 */
uint64_t kinds_attribute_values(struct reach *r, const struct object *o, uint64_t *count);

/* The dict keys object at @addr; false where it does not parse. */
bool kinds_dict_keys(struct reach *r, const struct object *o, uint64_t addr,
		     struct py_dict_keys *keys);

#endif
