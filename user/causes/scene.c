// SPDX-License-Identifier: Apache-2.0
#include "scene.h"

#include <stdio.h>
#include <string.h>

#include "../cpython/dict.h"
#include "../cpython/text.h"
#include "../heap/kinds.h"
#include "../heap/path.h"
#include "../heap/typename.h"
#include "elements.h"

#define TUPLE_ITEMS 4 /* of an element that is a tuple */

uint64_t scene_word(const struct scene *s, uint64_t addr, uint32_t offset)
{
	uint64_t word = 0;

	return remote_plausible(addr) && remote_u64(s->r->mem, addr + offset, &word) ? word : 0;
}

static unsigned type_number(const struct scene *s, uint64_t addr)
{
	uint64_t type = scene_word(s, addr, s->r->rt->layout.ob_type);

	return type ? types_at(s->r->types, type) : TYPE_NONE;
}

const struct py_type *scene_type(const struct scene *s, uint64_t addr)
{
	unsigned number = type_number(s, addr);

	return number == TYPE_NONE ? NULL : types_get(s->r->types, number);
}

bool scene_is(const struct scene *s, uint64_t addr, enum kind kind)
{
	const struct py_type *type = scene_type(s, addr);

	return type && type->kind == kind;
}

bool scene_is_named(const struct scene *s, uint64_t addr, const char *name)
{
	const struct py_type *type = scene_type(s, addr);

	return type && strcmp(type->name, name) == 0;
}

/* The class and its bases, by name. */
static void trace(const struct scene *s, unsigned number, struct lineage *out)
{
	const struct py_layout *l = &s->r->rt->layout;
	uint64_t mro = scene_word(s, types_get(s->r->types, number)->address, l->tp_mro);
	uint64_t count = scene_word(s, mro, l->ob_size);

	*out = (struct lineage){ .type = number };
	for (uint64_t i = 0; i < count && out->bases < SCENE_BASES; i++) {
		uint64_t base = scene_word(s, mro, l->tu_item + 8 * (uint32_t)i);
		unsigned of = base ? types_at(s->r->types, base) : TYPE_NONE;

		if (of != TYPE_NONE)
			typename_write(s->r->types, of, out->base[out->bases++], SCENE_NAME);
	}
}

static bool descends(const struct lineage *l, const char *name)
{
	for (unsigned i = 0; i < l->bases; i++)
		if (strcmp(l->base[i], name) == 0)
			return true;
	return false;
}

bool scene_isa(const struct scene *s, uint64_t addr, const char *name)
{
	unsigned number = type_number(s, addr);
	struct lineage line;

	if (number == TYPE_NONE)
		return false;
	for (unsigned i = 0; i < s->lineages; i++)
		if (s->lineage[i].type == number)
			return descends(&s->lineage[i], name);
	trace(s, number, &line);
	return descends(&line, name);
}

static bool most(const struct scene *s, unsigned count)
{
	return count && count >= SCENE_MOST * s->elements;
}

bool scene_are(const struct scene *s, const char *name)
{
	unsigned count = 0;

	for (unsigned i = 0; i < s->lineages; i++)
		if (descends(&s->lineage[i], name))
			count += s->lineage[i].count;
	return most(s, count);
}

bool scene_are_kind(const struct scene *s, enum kind kind)
{
	unsigned count = 0;

	for (unsigned i = 0; i < s->lineages; i++)
		if (types_get(s->r->types, s->lineage[i].type)->kind == kind)
			count += s->lineage[i].count;
	return most(s, count);
}

static uint64_t find_in(const struct scene *s, uint64_t addr,
			bool (*is)(const struct scene *s, uint64_t addr))
{
	const struct py_layout *l = &s->r->rt->layout;
	const struct py_type *type = scene_type(s, addr);
	uint64_t count;

	if (!type)
		return 0;
	if (is(s, addr))
		return addr;
	if (type->kind != KIND_TUPLE)
		return 0;
	count = scene_word(s, addr, l->ob_size);
	for (uint64_t i = 0; i < count && i < TUPLE_ITEMS; i++) {
		uint64_t item = scene_word(s, addr, l->tu_item + 8 * (uint32_t)i);

		if (scene_type(s, item) && is(s, item))
			return item;
	}
	return 0;
}

bool scene_have(const struct scene *s, bool (*is)(const struct scene *s, uint64_t addr),
		uint64_t *example)
{
	unsigned count = 0;

	for (unsigned i = 0; i < s->elements; i++) {
		uint64_t found = find_in(s, s->element[i].value, is);

		if (found && example && !count)
			*example = found;
		count += found != 0;
	}
	return most(s, count);
}

static void label(const struct scene *s, unsigned level, bool namespace, char *buf, size_t cap)
{
	struct step step = { .parent = s->above[level],
			     .edge = s->edge[level],
			     .namespace = namespace,
			     .first = true };
	struct strbuf out;

	strbuf_init(&out, buf, cap);
	kinds_label(s->r, &step, &out);
	if (buf[0] == '.')
		memmove(buf, buf + 1, strlen(buf));
}

static bool is_instance(const struct object *o)
{
	return o->type && o->type->kind == KIND_OBJECT;
}

uint64_t scene_owner(const struct scene *s, char *name, size_t cap)
{
	snprintf(name, cap, "%s", "");
	if (s->levels >= 1 && is_instance(&s->above[0])) {
		label(s, 0, false, name, cap);
		return s->above[0].addr;
	}
	if (s->levels < 2 || s->edge[1] != EDGE_DICT)
		return 0;
	label(s, 0, true, name, cap);
	return s->above[1].addr;
}

struct wanted {
	const struct scene *s;
	const char *name;
	uint64_t value;
};

static int try_attribute(void *arg, uint64_t key, uint64_t value)
{
	struct wanted *w = arg;
	char name[64];

	if (py_text(&w->s->r->rt->layout, w->s->r->mem, key, name, sizeof(name)) <= 0 ||
	    strcmp(name, w->name) != 0)
		return 0;
	w->value = value;
	return 1;
}

/* An object as the reading of attributes wants it, of which only the address is known. */
static struct object at(const struct scene *s, uint64_t addr)
{
	struct object o = { .block = BLOCK_NONE, .start = addr, .addr = addr, .young = true };

	o.type = scene_type(s, addr);
	o.size = UINT32_MAX;
	return o;
}

uint64_t scene_attribute(const struct scene *s, uint64_t addr, const char *name)
{
	struct object o = at(s, addr);
	struct wanted w = { s, name, 0 };
	uint64_t count = 0, values, dict;
	char found[64];

	if (!o.type)
		return 0;
	values = kinds_attribute_values(s->r, &o, &count);
	for (unsigned i = 0; values && i < count; i++)
		if (kinds_attribute_name(s->r, &o, i, found, sizeof(found)) &&
		    strcmp(found, name) == 0)
			return scene_word(s, values + 8ull * i, 0);
	dict = scene_word(s, kinds_slot(s->r, &o, EDGE_DICT), 0);
	if (dict && !(dict & 1))
		py_dict_each(&s->r->rt->layout, s->r->mem, dict, try_attribute, &w);
	return w.value;
}

bool scene_function(const struct scene *s, uint64_t addr, char *buf, size_t cap)
{
	const struct py_layout *l = &s->r->rt->layout;
	const struct py_type *type = scene_type(s, addr);

	if (type && type->kind == KIND_METHOD)
		addr = scene_word(s, addr, l->me_func);
	type = scene_type(s, addr);
	return type && type->kind == KIND_FUNCTION &&
	       py_text(l, s->r->mem, scene_word(s, addr, l->fu_qualname), buf, cap) > 0;
}

static void name_type(const struct scene *s, unsigned number, char *buf, size_t cap)
{
	if (number == TYPE_NONE)
		snprintf(buf, cap, "object");
	else
		typename_write(s->r->types, number, buf, cap);
}

void scene_key_type(const struct scene *s, char *buf, size_t cap)
{
	unsigned first = s->elements ? type_number(s, s->element[0].key) : TYPE_NONE, same = 0;

	for (unsigned i = 0; i < s->elements; i++)
		same += type_number(s, s->element[i].key) == first;
	name_type(s, most(s, same) ? first : TYPE_NONE, buf, cap);
}

void scene_value_type(const struct scene *s, char *buf, size_t cap)
{
	bool one = s->lineages && most(s, s->lineage[0].count);

	name_type(s, one ? s->lineage[0].type : TYPE_NONE, buf, cap);
}

bool scene_in_module(const struct scene *s, const char *name)
{
	return s->root && s->root->kind == ROOT_MODULE &&
	       strncmp(s->root->label, "module ", 7) == 0 && strcmp(s->root->label + 7, name) == 0;
}

static void climb(struct scene *s)
{
	uint32_t block = s->holder->block;

	while (s->levels < SCENE_ABOVE) {
		uint32_t parent = reach_parent(s->r, block);

		if (parent == PARENT_NONE || reach_is_root(parent))
			return;
		s->edge[s->levels] = reach_parent_edge(s->r, block);
		reach_object(s->r, parent, &s->above[s->levels++]);
		block = parent;
	}
}

static void count_types(struct scene *s)
{
	for (unsigned i = 0; i < s->elements; i++) {
		unsigned number = type_number(s, s->element[i].value), k = 0;

		while (k < s->lineages && s->lineage[k].type != number)
			k++;
		if (number == TYPE_NONE || k == SCENE_LINEAGES)
			continue;
		if (k == s->lineages)
			trace(s, number, &s->lineage[s->lineages++]);
		s->lineage[k].count++;
	}
	for (unsigned i = 1; i < s->lineages; i++) {
		struct lineage one = s->lineage[i];
		unsigned to = i;

		for (; to && s->lineage[to - 1].count < one.count; to--)
			s->lineage[to] = s->lineage[to - 1];
		s->lineage[to] = one;
	}
}

bool scene_set(struct scene *s, struct heap *heap, const struct holder *holder)
{
	uint64_t type;

	*s = (struct scene){ .heap = heap, .r = &heap->reach, .holder = holder };
	if (holder->block == BLOCK_NONE)
		return false;
	reach_object(s->r, holder->block, &s->self);
	if (s->self.type &&
	    (!remote_u64(s->r->mem, s->self.addr + s->r->rt->layout.ob_type, &type) ||
	     type != s->self.type->address))
		return false;
	s->root = path_root(s->r, holder->block);
	climb(s);
	elements_read(s);
	count_types(s);
	return true;
}
