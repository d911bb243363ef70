// SPDX-License-Identifier: Apache-2.0
/*
 * Chains: linked lists, itertools.tee, and results that hold how they were computed.
 */
#include <stdio.h>
#include <string.h>

#include "../heap/typename.h"
#include "cause.h"

/* Of automatic differentiation: a value whose grad_fn leads to the functions it came from. */
static bool has_graph(const struct scene *s, uint64_t addr)
{
	uint64_t function = scene_attribute(s, addr, "grad_fn");

	return scene_type(s, function) && scene_attribute(s, function, "next_functions");
}

static bool tensors(const struct scene *s, struct candidate *c)
{
	if (!scene_have(s, has_graph, NULL))
		return false;
	return cause_say(c, "tensors are kept with the graph that they were computed by (grad_fn)",
			 "Keep loss.item() or loss.detach() rather than the tensor: its grad_fn "
			 "holds every value of the computation.");
}

/*
 * Type of the nodes of the list that hangs on the slot; TYPE_NONE: there is none. One link may be
 * several objects, node, its __dict__, the next node: a class of Python code among them is what a
 * person calls the node.
 */
static unsigned nodes(const struct scene *s)
{
	const struct chain *chain = &s->holder->chain;
	uint32_t block = chain->block;

	if (!chain->edges)
		return TYPE_NONE;
	for (unsigned i = 0; i < chain->edges && !reach_is_root(block); i++) {
		unsigned type = reach_type(s->r, block);

		if (type != TYPE_NONE && types_get(s->r->types, type)->flags & PY_TPFLAGS_HEAPTYPE)
			return type;
		block = reach_parent(s->r, block);
	}
	return reach_type(s->r, chain->block);
}

static bool is_tee(const struct scene *s, unsigned type)
{
	return type != TYPE_NONE &&
	       strncmp(types_get(s->r->types, type)->name, "itertools._tee", 14) == 0;
}

static bool tee(const struct scene *s, struct candidate *c)
{
	if (!is_tee(s, nodes(s)) && !scene_are(s, "itertools._tee") &&
	    !scene_are(s, "itertools._tee_dataobject"))
		return false;
	return cause_say(c, "itertools.tee: one branch is read and another lags behind",
			 "Read all branches at the same pace, or drop the one that nobody reads: "
			 "tee keeps everything that lies between them.");
}

static bool linked_list(const struct scene *s, struct candidate *c)
{
	unsigned type = nodes(s);
	char name[SCENE_NAME], cause[sizeof(c->cause)];

	if (type == TYPE_NONE)
		return false;
	typename_write(s->r->types, type, name, sizeof(name));
	snprintf(cause, sizeof(cause), "a linked list of %.70s that only grows", name);
	return cause_say(c, cause,
			 "Cut the list where its nodes are done with (set the link to None), or "
			 "keep them in collections.deque(maxlen=...).");
}

static const struct cause table[] = { { "tensors", tensors },
				      { "tee", tee },
				      { "linked list", linked_list } };

const struct cause_family causes_graphs = CAUSE_FAMILY(table);
