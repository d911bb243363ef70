// SPDX-License-Identifier: Apache-2.0
/*
 * Who holds what: breadth-first from the roots over the live target, so that every block gets the
 * parent on a shortest path.
 *
 *   modules, drained -> frames and thread states, drained -> raw memory, C data, stacks,
 * conservatively; after each, the classes of what was reached
 *
 * The table of the latest walk says where blocks are; contents are read while searching. A block
 * that did not stay the same over the last two walks, or does not fit the pointer to it, is read
 * again from the live target, and so is the slot that points to it: the head of a growing list is
 * always newer than any snapshot. Blocks born since the walk are added behind the table ("late"
 * blocks). A slot that holds an object accepts only the exact start of one.
 *
 * Memory, beside the reader's and that of parents.h: 4 bytes for each block that waits in the
 * queue; some 60 for each late block at most.
 */
#ifndef PYLEAK_HEAP_REACH_H
#define PYLEAK_HEAP_REACH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "parents.h"
#include "reader.h"
#include "spans.h"
#include "stream.h"
#include "types.h"
#include "walk.h"

/*
 * How a parent holds its child, 16 bits. An index or offset that does not fit saturates; such an
 * edge has a parent but no slot of its own any more.
 */
#define EDGE_ITEM 0x0000    /* | index: element of a list, tuple, set, deque; entry of a dict */
#define EDGE_KEY 0x4000	    /* | index: key of a dict's entry */
#define EDGE_FIELD 0x8000   /* | offset / 8: a word of the object itself, or of raw memory */
#define EDGE_VALUE 0xc000   /* | index: attribute value by the type's cached keys */
#define EDGE_LOCAL 0xe000   /* | index: local variable or stack slot of a frame or generator */
#define EDGE_CLASS 0xfffd   /* an instance's class, where nothing else leads to it */
#define EDGE_DICT 0xfffe    /* managed __dict__ */
#define EDGE_STORAGE 0xffff /* memory that belongs to the container: table, array, keys */
#define EDGE_INDEX_MAX 0x3fff
#define EDGE_VALUE_MAX 0x1fff
#define EDGE_LOCAL_MAX 0x1ffc

#define REACH_ROOTS_MAX (1u << 22)
#define REACH_LATE_MAX (4u << 20) /* late blocks; more are counted as lost */
/*
 * Reads of live memory that one search makes: some 2 s of our time. A target that allocates faster
 * than that is followed no further: young objects are then taken from copies, late blocks not
 * looked for, and the slots that lead to them count as missed.
 */
#define REACH_LIVE_MAX 1000000u

enum root_kind { ROOT_MODULE, ROOT_FRAME, ROOT_THREAD, ROOT_DATA, ROOT_STACK };

struct root {
	enum root_kind kind;
	char label[116]; /* "module app.cache", "frame handle: buffer", "C data of _json.so" */
};

/*
 * Told of every reference to a block that is found, also where the block is reached already: from
 * which block, PARENT_NONE for a root, by which edge, to which block.
 */
struct reach_sink {
	void (*edge)(void *arg, uint32_t from, unsigned edge, uint32_t to);
	void *arg;
};

struct late {
	uint64_t addr, size;
	unsigned type;
};

struct reach_later {
	uint32_t block, parent;
	uint16_t edge;
};

struct reach {
	const struct py_runtime *rt;
	struct remote *mem;
	struct reader *reader;
	struct stream *stream;
	struct types *types;
	struct history *history;
	struct spans *spans; /* read again when pointers lead outside them */
	uint64_t spans_read_ns;
	struct parents parents; /* of each block: block, root, or PARENT_NONE */
	bool keep_all;		/* set before: parents of old leaves and arrays too */
	/*
	 * Set before: is the module of @file a person's own? What such lead to has its path from
	 * there, also where a registry of a library is nearer. NULL: all modules are alike.
	 */
	bool (*is_own)(const char *file);
	bool own_only; /* while what own modules lead to is followed */
	struct reach_later *later; /* owned: ways from there into other modules */
	size_t laters, later_cap;
	const struct reach_sink *sink; /* borrowed; NULL: nobody listens */
	struct {
		enum root_kind kind;
		const char *label;
	} adding; /* while the sink is told of a root's reference: which root */
	bool visiting;		/* only the sink is told, nothing becomes reached */
	uint32_t *instance;	/* owned; by type number: the first block of it reached, + 1 */
	bool classes;		/* there are types that got such a block and were not followed */
	struct late *late;
	size_t lates, late_cap;
	uint32_t *late_slot; /* hash by address */
	size_t late_slots;
	uint32_t *queue; /* objects found, not visited yet; on pages, the visited are given back */
	size_t head, tail, queue_cap;
	uint32_t *raw; /* raw blocks found, put off until everything that objects lead to is reached
			*/
	size_t raws, raw_cap;
	struct root *root;
	size_t roots, root_cap;
	unsigned live_left; /* of REACH_LIVE_MAX */
	uint64_t reached, edges, mended,
		missed;		    /* missed: slots that led to no block even when read again */
	uint64_t frames;	    /* of all threads, looked at for roots */
	uint64_t raw_skipped_bytes; /* of large raw blocks, not searched for pointers */
	int err;
};

struct object {
	uint32_t block;
	uint64_t start, size;	    /* of the block */
	uint64_t addr;		    /* of the object; of the block where it is raw */
	const struct py_type *type; /* NULL: raw */
	bool young; /* not the same over the last two walks: read it from the live target */
};

/* Search. Everything but the counters is set by the caller, who must have walked. 0, -ENOMEM,
 * -ESRCH. */
int reach_run(struct reach *r);
void reach_release(struct reach *r);

/* After a search: tell @sink what the block holds, reached or not. */
void reach_visit(struct reach *r, uint32_t block, const struct reach_sink *sink);

static inline bool reach_is_root(uint32_t parent)
{
	return parent != PARENT_NONE && parent >= PARENT_NONE - REACH_ROOTS_MAX;
}

static inline const struct root *reach_root(const struct reach *r, uint32_t parent)
{
	return &r->root[PARENT_NONE - 1 - parent];
}

/* Who holds the block, and by which edge. PARENT_NONE where nobody does, and of old leaves. */
static inline uint32_t reach_parent(const struct reach *r, uint32_t block)
{
	return parents_of(&r->parents, block);
}

static inline unsigned reach_parent_edge(const struct reach *r, uint32_t block)
{
	return parents_edge(&r->parents, block);
}

/* Does the age of what is held by the edge say something about its holder's? A key's does not:
 * equal keys are built again and again. */
static inline bool reach_edge_tells_age(uint32_t parent, unsigned edge)
{
	return parent != PARENT_NONE && !reach_is_root(parent) &&
	       (edge < EDGE_KEY || edge >= EDGE_FIELD);
}

/* What block @block is now; o->type NULL for raw memory. */
void reach_object(const struct reach *r, uint32_t block, struct object *o);

/* Type number of a block, late or not. */
unsigned reach_type(const struct reach *r, uint32_t block);

/* For kinds.c and roots.c: */

/* The word @to, read at @at, is a slot of block @from. @is_object: it can only be a PyObject
 * pointer. */
void reach_edge(struct reach *r, uint32_t from, unsigned edge, uint64_t at, uint64_t to,
		bool is_object);

/* @count words at @addr, each an edge: @edge | (@first + i), saturating at @most. */
void reach_words(struct reach *r, const struct object *o, uint64_t addr, uint64_t count,
		 unsigned edge, uint64_t first, unsigned most, bool is_object);

/* The block at @addr is part of object @o. */
void reach_storage(struct reach *r, const struct object *o, uint64_t addr);

/* A root that holds the object at @to. @is_object false: a word that may point anywhere into raw
 * memory. */
bool reach_add_root(struct reach *r, enum root_kind kind, const char *label, uint64_t to,
		    bool is_object);

/* The block of the object at @to as it is now, or BLOCK_NONE where there is none. */
uint32_t reach_resolve(struct reach *r, uint64_t to);

/* May the search read live memory once more, at the cost of @reads small reads? Counts them. */
bool reach_may_read_live(struct reach *r, unsigned reads);

/* Read @len bytes of @o at @addr, live if it is young. */
bool reach_read(struct reach *r, const struct object *o, uint64_t addr, void *buf, size_t len);

#endif
