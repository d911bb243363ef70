// SPDX-License-Identifier: Apache-2.0
#include "members.h"

#include <stddef.h>
#include <string.h>

#include "../cpython/code.h"
#include "../cpython/dict.h"

#define BASES_LOOKED_AT 8

struct field {
	enum kind kind;
	size_t layout; /* offset of the field's entry in struct py_layout */
	const char *label;
};

#define F(kind, field, label)                                  \
	{                                                      \
		kind, offsetof(struct py_layout, field), label \
	}

static const struct field fields[] = {
	F(KIND_MODULE, ml_dict, ""),
	F(KIND_TYPE, tp_dict, ""),
	F(KIND_TYPE, tp_bases, ".__bases__"),
	F(KIND_TYPE, tp_base, ".__base__"),
	F(KIND_TYPE, tp_mro, ".__mro__"),
	F(KIND_TYPE, tp_subclasses, ".__subclasses__()"),
	F(KIND_FUNCTION, fu_code, ".__code__"),
	F(KIND_FUNCTION, fu_globals, ".__globals__"),
	F(KIND_FUNCTION, fu_defaults, ".__defaults__"),
	F(KIND_FUNCTION, fu_kwdefaults, ".__kwdefaults__"),
	F(KIND_FUNCTION, fu_closure, ""), /* the step behind it names the variable */
	F(KIND_FUNCTION, fu_dict, ""),
	F(KIND_METHOD, me_func, ".__func__"),
	F(KIND_METHOD, me_self, ".__self__"),
	F(KIND_CELL, ce_ref, ""),
	F(KIND_TRACEBACK, tb_next, ".tb_next"),
	F(KIND_TRACEBACK, tb_frame, ".tb_frame"),
	F(KIND_FRAME, fo_back, ".f_back"),
	F(KIND_FRAME, fo_trace, ".f_trace"),
	F(KIND_GENERATOR, ge_frame, ""),
	F(KIND_EXCEPTION, ex_dict, ""),
	F(KIND_EXCEPTION, ex_args, ".args"),
	F(KIND_EXCEPTION, ex_traceback, ".__traceback__"),
	F(KIND_EXCEPTION, ex_context, ".__context__"),
	F(KIND_EXCEPTION, ex_cause, ".__cause__"),
	F(KIND_WEAKREF, wr_callback, ".__callback__"),
	F(KIND_LRU, lc_cache, " (lru_cache)"),
	F(KIND_LRU, lc_func, ".__wrapped__"),
	F(KIND_LRU_LINK, le_key, "{key}"),
	F(KIND_LRU_LINK, le_result, ""),
};

static const char *known(const struct reach *r, const struct object *o, uint32_t offset)
{
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		uint32_t at;

		memcpy(&at, (const char *)&r->rt->layout + fields[i].layout, sizeof(at));
		if (fields[i].kind == o->type->kind && at == offset)
			return fields[i].label;
	}
	return NULL;
}

struct search {
	struct reach *r;
	uint32_t offset;
	char name[64];
};

/* A value of a type's dict: is it the descriptor of the member at the offset? PyMemberDef is {name,
 * int type, offset, ...}. */
static int try_member(void *arg, uint64_t key, uint64_t value)
{
	struct search *s = arg;
	uint64_t type, def, name, offset;
	unsigned number;

	(void)key;
	if (!remote_u64(s->r->mem, value + s->r->rt->layout.ob_type, &type))
		return 0;
	number = types_at(s->r->types, type);
	if (number == TYPE_NONE ||
	    strcmp(types_get(s->r->types, number)->name, "member_descriptor") != 0)
		return 0;
	if (!remote_u64(s->r->mem, value + s->r->rt->layout.md_member, &def) ||
	    !remote_u64(s->r->mem, def, &name) || !remote_u64(s->r->mem, def + 16, &offset) ||
	    offset != s->offset)
		return 0;
	return remote_cstr(s->r->mem, name, s->name, sizeof(s->name)) > 0;
}

static bool descriptor_name(struct search *s, uint64_t type)
{
	const struct py_layout *l = &s->r->rt->layout;
	uint64_t dict;

	for (int i = 0; i < BASES_LOOKED_AT && remote_plausible(type); i++) {
		if (remote_u64(s->r->mem, type + l->tp_dict, &dict) && dict &&
		    py_dict_each(l, s->r->mem, dict, try_member, s) == 1)
			return true;
		if (!remote_u64(s->r->mem, type + l->tp_base, &type))
			return false;
	}
	return false;
}

void members_label(struct reach *r, const struct object *o, uint32_t offset, struct strbuf *out)
{
	struct search s = { .r = r, .offset = offset };
	const char *label;

	if (!o->type) {
		strbuf_addf(out, "<C memory+%u>", offset);
		return;
	}
	label = known(r, o, offset);
	if (label)
		strbuf_add(out, label);
	else if (descriptor_name(&s, o->type->address))
		strbuf_addf(out, ".%s", s.name);
	else
		strbuf_addf(out, "<%s+%u>", o->type->name, offset);
}

bool members_is_namespace(const struct reach *r, const struct object *o, unsigned edge)
{
	const struct py_layout *l = &r->rt->layout;
	uint32_t offset = 8 * (edge & EDGE_INDEX_MAX);

	if (edge == EDGE_DICT)
		return true;
	if (!o->type || (edge & 0xc000) != EDGE_FIELD)
		return false;
	switch (o->type->kind) {
	case KIND_MODULE:
		return offset == l->ml_dict;
	case KIND_TYPE:
		return offset == l->tp_dict;
	case KIND_EXCEPTION:
		return offset == l->ex_dict;
	default:
		return false;
	}
}

bool members_is_closure(const struct reach *r, const struct object *o, unsigned edge)
{
	return o->type && o->type->kind == KIND_FUNCTION &&
	       edge == (EDGE_FIELD | r->rt->layout.fu_closure / 8);
}

/* Free variables are the last of a code object's named slots, in the order of the closure. */
void members_closure_label(struct reach *r, uint64_t function, unsigned index, uint64_t count,
			   struct strbuf *out)
{
	const struct py_layout *l = &r->rt->layout;
	unsigned named, stack;
	uint64_t code;
	char name[64];

	if (remote_u64(r->mem, function + l->fu_code, &code) &&
	    !py_code_slots(l, r->mem, code, &named, &stack) && count <= named && index < count &&
	    !py_code_varname(l, r->mem, code, named - (unsigned)count + index, name, sizeof(name)))
		strbuf_addf(out, " (closure: %s)", name);
	else
		strbuf_addf(out, ".__closure__[%u]", index);
}
