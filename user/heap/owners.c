// SPDX-License-Identifier: Apache-2.0
#include "owners.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../util/grow.h"

#define OBJECT_MOST 256	  /* bytes of an object that are searched for the number */
#define INSTANCES_MAX 65536
#define BAD_MOST 0.5 /* share that may have changed since the walk that found the objects */

struct search;

struct class {
	const char *name; /* tp_name, of the type or of a base */
	unsigned size;	  /* of the word that tells: 4 or 8 bytes */
	/* Is @word what an object that owns something has there? */
	bool (*owns)(const struct search *s, uint64_t word);
};

static bool owns_descriptor(const struct search *s, uint64_t word);
static bool owns_socket(const struct search *s, uint64_t word);
static bool owns_epoll(const struct search *s, uint64_t word);
static bool owns_mapping(const struct search *s, uint64_t word);
static bool owns_mapped_file(const struct search *s, uint64_t word);

static const struct class classes[] = {
	{ "_socket.socket", 4, owns_socket },
	{ "select.epoll", 4, owns_epoll },
	{ "_io.FileIO", 4, owns_descriptor },
	{ "mmap.mmap", 4, owns_mapped_file },
	{ "mmap.mmap", 8, owns_mapping },
};
#define CLASSES (sizeof(classes) / sizeof(classes[0]))

#define CLOSED 0xffffffffull /* -1, in the place of a descriptor */

/* Objects of one class. */
struct instances {
	uint32_t *block; /* owned */
	size_t count, cap;
	uint32_t basicsize; /* the least of their types' */
};

struct search {
	struct owners *owners;
	struct reach *r;
	const struct descriptors *d;
	const struct maps *m;
	uint8_t *class_of; /* owned: of each type: 1 + index; 0 none; 255 not asked yet */
	struct instances of[CLASSES];
	int err;
};

static bool is_kind(const struct search *s, uint64_t word, enum resource_kind kind)
{
	const struct descriptor *d = word <= INT32_MAX ? descriptors_find(s->d, (int)word) : NULL;

	return d && d->kind == kind;
}

static bool owns_socket(const struct search *s, uint64_t word)
{
	return is_kind(s, word, RESOURCE_SOCKET);
}

static bool owns_epoll(const struct search *s, uint64_t word)
{
	return is_kind(s, word, RESOURCE_EPOLL);
}

static bool owns_descriptor(const struct search *s, uint64_t word)
{
	return word <= INT32_MAX && descriptors_find(s->d, (int)word) && !owns_socket(s, word);
}

/* mmap() keeps a duplicate of the descriptor. */
static bool owns_mapped_file(const struct search *s, uint64_t word)
{
	const struct descriptor *d = word <= INT32_MAX ? descriptors_find(s->d, (int)word) : NULL;

	for (size_t i = 0; d && i < s->m->count; i++)
		if (s->m->map[i].inode && strcmp(s->m->map[i].path, d->what) == 0)
			return true;
	return false;
}

static bool owns_mapping(const struct search *s, uint64_t word)
{
	const struct map *map = remote_plausible(word) ? maps_find(s->m, word) : NULL;

	return map && map->start == word && (map->prot & MAP_SHARED_ || map->inode);
}

bool owners_add(struct owners *o, uint64_t id, uint32_t block)
{
	if (grow(&o->owner, &o->cap, o->count + 1, sizeof(*o->owner)))
		return false;
	o->owner[o->count++] = (struct owner){ id, block };
	return true;
}

/* The class that the type or one of its bases is, as classes[] has them; 0 none. */
static uint8_t class_of_type(struct search *s, unsigned number)
{
	const struct py_layout *l = &s->r->rt->layout;
	uint64_t base = types_get(s->r->types, number)->address;

	for (int depth = 0; depth < TYPE_BASES_MAX && remote_plausible(base); depth++) {
		unsigned known = types_at(s->r->types, base);

		if (known == TYPE_NONE)
			return 0;
		for (size_t i = 0; i < CLASSES; i++)
			if (strcmp(types_get(s->r->types, known)->name, classes[i].name) == 0)
				return (uint8_t)(1 + i);
		if (!remote_u64(s->r->mem, base + l->tp_base, &base))
			return 0;
	}
	return 0;
}

static void take_object(struct search *s, uint32_t block, unsigned type)
{
	struct instances *of;
	uint8_t class = s->class_of[type];

	if (class == UINT8_MAX)
		class = s->class_of[type] = class_of_type(s, type);
	if (!class)
		return;
	of = &s->of[class - 1];
	if (of->count == INSTANCES_MAX)
		return;
	if (grow(&of->block, &of->cap, of->count + 1, sizeof(*of->block))) {
		s->err = -ENOMEM;
		return;
	}
	if (!of->count || types_get(s->r->types, type)->basicsize < of->basicsize)
		of->basicsize = types_get(s->r->types, type)->basicsize;
	of->block[of->count++] = block;
}

static void take_objects(struct search *s)
{
	const struct blocks *b = &s->r->history->now;

	for (uint32_t n = 0; n < b->count; n++)
		if (b->print[n] && b->type[n] != TYPE_NONE)
			take_object(s, n, b->type[n]);
	for (size_t i = 0; i < s->r->lates; i++)
		if (s->r->late[i].type != TYPE_NONE)
			take_object(s, b->count + (uint32_t)i, s->r->late[i].type);
}

/* The word at @offset of the object: of a copy, or as it is now. */
static bool read_word(struct search *s, size_t class, uint32_t block, uint32_t offset, bool now,
		      uint64_t *word)
{
	struct object o;

	*word = 0;
	reach_object(s->r, block, &o);
	return o.type && (now ? reader_fresh : reader_copy)(s->r->reader, o.addr + offset, word,
							    classes[class].size);
}

/* The objects of a class: those of the first row with its name. */
static const struct instances *instances_of(const struct search *s, size_t class)
{
	size_t i = 0;

	while (strcmp(classes[i].name, classes[class].name) != 0)
		i++;
	return &s->of[i];
}

struct score {
	size_t good, closed, bad;
};

static struct score score_offset(struct search *s, size_t class, uint32_t offset)
{
	const struct instances *of = instances_of(s, class);
	struct score score = { 0 };

	for (size_t i = 0; i < of->count; i++) {
		uint64_t word;

		if (!read_word(s, class, of->block[i], offset, false, &word))
			continue;
		if (classes[class].owns(s, word))
			score.good++;
		else if (word == (classes[class].size == 4 ? CLOSED : 0))
			score.closed++;
		else
			score.bad++;
	}
	return score;
}

/* The first word that tells what is owned, or that it is closed, in the objects; 0 none. */
static uint32_t find_offset(struct search *s, size_t class)
{
	const struct py_layout *l = &s->r->rt->layout;
	const struct instances *of = instances_of(s, class);
	uint32_t end = of->basicsize < OBJECT_MOST ? of->basicsize : OBJECT_MOST;
	unsigned size = classes[class].size;

	for (uint32_t at = l->ob_type + 8; of->count && at + size <= end; at += size) {
		struct score score = score_offset(s, class, at);

		if (score.good &&
		    (double)score.bad <= BAD_MOST * (double)(score.good + score.closed))
			return at;
	}
	return 0;
}

static void find_class(struct search *s, size_t class)
{
	const struct instances *of = instances_of(s, class);
	uint32_t offset = find_offset(s, class);

	for (size_t i = 0; offset && i < of->count; i++) {
		uint64_t word;

		/* Again: an object may have been under construction. */
		if (read_word(s, class, of->block[i], offset, true, &word) &&
		    classes[class].owns(s, word) && !owners_add(s->owners, word, of->block[i]))
			s->err = -ENOMEM;
	}
}

static int by_id(const void *a, const void *b)
{
	const struct owner *x = a, *y = b;

	return x->id != y->id ? (x->id > y->id) - (x->id < y->id)
			      : (x->block > y->block) - (x->block < y->block);
}

void owners_sort(struct owners *o, const struct reach *r)
{
	size_t kept = 0;

	if (!o->count)
		return;
	qsort(o->owner, o->count, sizeof(*o->owner), by_id);
	for (size_t i = 0; i < o->count; i++) {
		struct owner *last = kept ? &o->owner[kept - 1] : NULL;

		if (!last || last->id != o->owner[i].id)
			o->owner[kept++] = o->owner[i];
		else if (reach_parent(r, last->block) == PARENT_NONE)
			*last = o->owner[i];
	}
	o->count = kept;
}

int owners_find(struct owners *o, struct reach *r, const struct descriptors *d,
		const struct maps *m)
{
	struct search s = { .owners = o, .r = r, .d = d, .m = m };

	*o = (struct owners){ 0 };
	s.class_of = malloc(TYPES_MAX + 1);
	if (!s.class_of)
		return -ENOMEM;
	memset(s.class_of, UINT8_MAX, TYPES_MAX + 1);
	reader_drop(r->reader);
	take_objects(&s);
	for (size_t class = 0; class < CLASSES && !s.err; class++)
		find_class(&s, class);
	for (size_t class = 0; class < CLASSES; class++)
		free(s.of[class].block);
	free(s.class_of);
	owners_sort(o, r);
	if (!s.err)
		s.err = owners_find_native(o, r, d, m);
	owners_sort(o, r);
	return s.err;
}

void owners_release(struct owners *o)
{
	free(o->owner);
	*o = (struct owners){ 0 };
}

uint32_t owners_of(const struct owners *o, uint64_t id)
{
	size_t low = 0, high = o->count;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (o->owner[middle].id < id)
			low = middle + 1;
		else
			high = middle;
	}
	return low < o->count && o->owner[low].id == id ? o->owner[low].block : BLOCK_NONE;
}
