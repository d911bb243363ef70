// SPDX-License-Identifier: Apache-2.0
#include "types.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../util/grow.h"

#define SLOTS_FIRST 4096
#define COUNT_LIKE_POINTER (1u << 20) /* the lowest heaps begin at 4 MiB; few counts are as high \
				       */
#define TYPE_READ_MAX 512	      /* PyTypeObject is 408 to 424 bytes */

static const struct {
	const char *name; /* tp_name of the static type in C */
	enum kind kind;
} named[] = {
	{ "float", KIND_LEAF },
	{ "complex", KIND_LEAF },
	{ "set", KIND_SET },
	{ "frozenset", KIND_SET },
	{ "collections.deque", KIND_DEQUE },
	{ "function", KIND_FUNCTION },
	{ "method", KIND_METHOD },
	{ "cell", KIND_CELL },
	{ "code", KIND_CODE },
	{ "frame", KIND_FRAME },
	{ "generator", KIND_GENERATOR },
	{ "coroutine", KIND_GENERATOR },
	{ "async_generator", KIND_GENERATOR },
	{ "traceback", KIND_TRACEBACK },
	{ "module", KIND_MODULE },
	{ "weakref", KIND_WEAKREF },		   /* to 3.11 */
	{ "weakref.ReferenceType", KIND_WEAKREF }, /* from 3.12 */
	{ "weakproxy", KIND_WEAKREF },
	{ "weakcallableproxy", KIND_WEAKREF },
	{ "weakref.ProxyType", KIND_WEAKREF },
	{ "weakref.CallableProxyType", KIND_WEAKREF },
	{ "functools._lru_cache_wrapper", KIND_LRU },
	{ "functools._lru_list_elem", KIND_LRU_LINK },
	{ "bytearray", KIND_BYTEARRAY },
};

static size_t hash(uint64_t addr)
{
	return (size_t)((addr >> 4) * 0x9E3779B97F4A7C15ull >> 32);
}

int types_init(struct types *t, const struct py_runtime *rt, struct remote *mem)
{
	*t = (struct types){ .rt = rt, .mem = mem, .slots = SLOTS_FIRST, .walk = 1 };
	t->slot = calloc(t->slots, sizeof(*t->slot));
	t->not_type = calloc(TYPES_NOT, sizeof(*t->not_type));
	if (!t->slot || !t->not_type || grow(&t->type, &t->cap, 256, sizeof(*t->type))) {
		types_release(t);
		return -ENOMEM;
	}
	memset(&t->type[TYPE_NONE], 0, sizeof(t->type[TYPE_NONE]));
	t->count = 1;
	return 0;
}

void types_release(struct types *t)
{
	free(t->type);
	free(t->slot);
	free(t->not_type);
	*t = (struct types){ 0 };
}

void types_begin_walk(struct types *t)
{
	t->walk++;
	memset(t->not_type, 0, TYPES_NOT * sizeof(*t->not_type));
	for (size_t i = 0; i < t->count; i++)
		t->type[i].objects = t->type[i].tracked = t->type[i].bytes = 0;
}

static uint64_t word(const uint8_t *bytes, uint32_t offset)
{
	uint64_t w;

	memcpy(&w, bytes + offset, sizeof(w));
	return w;
}

/*
 * A live object's reference count: positive, below 2^32; 3.14 put flags into the high half. The
 * links of a collector's list in a low heap (executables that are not position-independent) are as
 * small, but aligned: counts that are both large and a multiple of 16 are taken for such links.
 */
static bool count_is_live(const struct types *t, uint64_t refcnt)
{
	int minor = t->rt->layout.minor;

	if (refcnt >= COUNT_LIKE_POINTER && refcnt < 1ULL << 32 && !(refcnt & 0xc))
		return false;
	if (minor < 14)
		return refcnt && refcnt < 1ULL << 32;
	return (uint32_t)refcnt && !(refcnt >> 32 & 0xffff) && refcnt >> 48 < 0x100;
}

static bool name_is_text(const char *name)
{
	if (!*name)
		return false;
	for (; *name; name++)
		if (iscntrl((unsigned char)*name))
			return false;
	return true;
}

static bool metatype_is_type(struct types *t, uint64_t addr, int depth)
{
	const struct py_layout *l = &t->rt->layout;
	uint64_t flags, meta;

	if (addr == t->rt->type_type)
		return true;
	if (depth > 3 || !remote_u64(t->mem, addr + l->tp_flags, &flags) ||
	    !(flags & PY_TPFLAGS_TYPE_SUBCLASS))
		return false;
	return remote_u64(t->mem, addr + l->ob_type, &meta) && metatype_is_type(t, meta, depth + 1);
}

/*
 * By the name of the C type. Some became heap types with 3.9 to 3.12: their names stay qualified,
 * which no Python class's tp_name is.
 */
static enum kind kind_by_name(const struct py_type *type)
{
	for (size_t i = 0; i < sizeof(named) / sizeof(named[0]); i++)
		if (strcmp(type->name, named[i].name) == 0 &&
		    (!(type->flags & PY_TPFLAGS_HEAPTYPE) || strchr(named[i].name, '.')))
			return named[i].kind;
	return KIND_OBJECT;
}

static enum kind kind_by_flags(uint64_t flags)
{
	static const struct {
		uint64_t flag;
		enum kind kind;
	} subclasses[] = {
		{ PY_TPFLAGS_LONG_SUBCLASS, KIND_LEAF },
		{ PY_TPFLAGS_UNICODE_SUBCLASS, KIND_LEAF },
		{ PY_TPFLAGS_BYTES_SUBCLASS, KIND_LEAF },
		{ PY_TPFLAGS_LIST_SUBCLASS, KIND_LIST },
		{ PY_TPFLAGS_TUPLE_SUBCLASS, KIND_TUPLE },
		{ PY_TPFLAGS_DICT_SUBCLASS, KIND_DICT },
		{ PY_TPFLAGS_BASE_EXC_SUBCLASS, KIND_EXCEPTION },
		{ PY_TPFLAGS_TYPE_SUBCLASS, KIND_TYPE },
	};

	for (size_t i = 0; i < sizeof(subclasses) / sizeof(subclasses[0]); i++)
		if (flags & subclasses[i].flag)
			return subclasses[i].kind;
	return KIND_OBJECT;
}

/* How objects of the type hold others: as its base does, else by its own name and flags. */
static void set_kind(struct types *t, struct py_type *type, uint64_t base)
{
	enum kind kind = kind_by_name(type);
	unsigned number;

	type->kind_size = type->basicsize;
	if (kind == KIND_OBJECT && t->bases < TYPE_BASES_MAX && remote_plausible(base)) {
		t->bases++; /* types_at() comes back here for the base's base: a ring ends too */
		number = types_at(t, base);
		t->bases--;
		kind = (enum kind)t->type[number].kind;
		if (kind != KIND_OBJECT)
			type->kind_size = t->type[number].kind_size;
	}
	if (kind == KIND_OBJECT)
		kind = kind_by_flags(type->flags);
	if (kind == KIND_OBJECT)
		type->kind_size = 0;
	type->kind = (uint8_t)kind;
}

static void sizes(const struct types *t, struct py_type *type)
{
	const struct py_layout *l = &t->rt->layout;
	uint64_t pre = !l->facts.managed_dict ? 0
		       : l->minor < 12	      ? PY_TPFLAGS_MANAGED_DICT
				       : PY_TPFLAGS_MANAGED_DICT | PY_TPFLAGS_MANAGED_WEAKREF;

	type->prefix = (type->flags & PY_TPFLAGS_HAVE_GC ? 16 : 0) + (type->flags & pre ? 16 : 0);
	type->compact =
		type->flags & PY_TPFLAGS_UNICODE_SUBCLASS && !(type->flags & PY_TPFLAGS_HEAPTYPE);
	type->least = type->prefix + (type->compact ? l->us_ascii_data + 1 : type->basicsize);
}

/* Read and check the type at @addr into @out. */
static bool read_type(struct types *t, uint64_t addr, struct py_type *out)
{
	const struct py_layout *l = &t->rt->layout;
	uint8_t bytes[TYPE_READ_MAX];
	int64_t basic, item, dictoffset, weaklist;

	if (l->tp_size > sizeof(bytes) || remote_read(t->mem, addr, bytes, l->tp_size))
		return false;
	*out = (struct py_type){ .address = addr,
				 .flags = word(bytes, l->tp_flags),
				 .seen = t->walk };
	basic = (int64_t)word(bytes, l->tp_basicsize);
	item = (int64_t)word(bytes, l->tp_itemsize);
	dictoffset = (int64_t)word(bytes, l->tp_dictoffset);
	weaklist = (int64_t)word(bytes, l->tp_weaklistoffset);
	if (!count_is_live(t, word(bytes, l->ob_refcnt)) || basic < 0 || basic > 1 << 20 ||
	    item < 0 || item > 1 << 20)
		return false;
	if (!(out->flags & PY_TPFLAGS_READY) || dictoffset < -basic - 64 ||
	    dictoffset > basic + 64 || weaklist > basic + 64)
		return false;
	if (!metatype_is_type(t, word(bytes, l->ob_type), 0))
		return false;
	out->name_address = word(bytes, l->tp_name);
	if (remote_cstr(t->mem, out->name_address, out->name, sizeof(out->name)) <= 0 ||
	    !name_is_text(out->name))
		return false;
	out->basicsize = (uint32_t)basic;
	out->itemsize = (uint32_t)item;
	out->dictoffset = (int32_t)dictoffset;
	out->weaklistoffset = (int32_t)weaklist;
	sizes(t, out);
	set_kind(t, out, word(bytes, l->tp_base));
	return true;
}

static int rehash(struct types *t)
{
	size_t slots = t->slots * 2;
	uint16_t *slot = calloc(slots, sizeof(*slot));

	if (!slot)
		return -ENOMEM;
	for (size_t i = 1; i < t->count; i++) {
		size_t h = hash(t->type[i].address) & (slots - 1);

		while (slot[h])
			h = (h + 1) & (slots - 1);
		slot[h] = (uint16_t)i;
	}
	free(t->slot);
	t->slot = slot;
	t->slots = slots;
	return 0;
}

/* The type of @number was seen at an earlier walk: is it still the same one? A heap type may be
 * another by now. */
static unsigned recheck(struct types *t, unsigned number)
{
	struct py_type now, *was = &t->type[number];

	was->seen = t->walk; /* first: reading may come back here through tp_base */
	if (!read_type(t, was->address, &now)) {
		was = &t->type[number];
		was->seen = 0;
		return TYPE_NONE;
	}
	was = &t->type[number];
	now.objects = was->objects;
	now.tracked = was->tracked;
	now.bytes = was->bytes;
	*was = now;
	return number;
}

static unsigned insert(struct types *t, uint64_t addr)
{
	struct py_type type;
	size_t h;

	t->not_type[hash(addr) % TYPES_NOT] = addr; /* first: a loop of tp_base links ends here */
	if (!read_type(t, addr, &type))
		return TYPE_NONE;
	if (t->count > TYPES_MAX || grow(&t->type, &t->cap, t->count + 1, sizeof(*t->type)) ||
	    (t->count * 2 > t->slots && rehash(t))) {
		t->overflow++;
		return TYPE_NONE;
	}
	t->not_type[hash(addr) % TYPES_NOT] = 0;
	for (h = hash(addr) & (t->slots - 1); t->slot[h]; h = (h + 1) & (t->slots - 1))
		;
	t->slot[h] = (uint16_t)t->count;
	t->type[t->count] = type;
	return (unsigned)t->count++;
}

unsigned types_known(const struct types *t, uint64_t addr)
{
	for (size_t h = hash(addr) & (t->slots - 1); t->slot[h]; h = (h + 1) & (t->slots - 1))
		if (t->type[t->slot[h]].address == addr)
			return t->slot[h];
	return TYPE_NONE;
}

unsigned types_at(struct types *t, uint64_t addr)
{
	if (!remote_plausible(addr))
		return TYPE_NONE;
	for (size_t h = hash(addr) & (t->slots - 1); t->slot[h]; h = (h + 1) & (t->slots - 1)) {
		unsigned number = t->slot[h];

		if (t->type[number].address != addr)
			continue;
		return t->type[number].seen == t->walk ? number : recheck(t, number);
	}
	if (t->not_type[hash(addr) % TYPES_NOT] == addr)
		return TYPE_NONE;
	return insert(t, addr);
}

/*
 * The debug allocators (PYTHONMALLOC=debug, Py_DEBUG builds) put 16 bytes in front of what they
 * hand out: the size, then 'o', 'm' or 'r' and seven times 0xfd (Objects/obmalloc.c, "Debug
 * pymalloc"). What pymalloc passes on to malloc is wrapped there once more.
 */
static bool has_debug_prefix(const uint8_t *bytes)
{
	uint64_t mark = word(bytes, 8);

	return mark >> 8 == 0xfdfdfdfdfdfdfdull &&
	       ((uint8_t)mark == 'o' || (uint8_t)mark == 'm' || (uint8_t)mark == 'r');
}

unsigned types_identify(struct types *t, const uint8_t *bytes, size_t have, uint64_t size,
			uint32_t *offset)
{
	unsigned prefixes = 0;
	uint32_t skip;

	while (prefixes < 2 && have >= 16 * prefixes + 16 &&
	       has_debug_prefix(bytes + 16 * prefixes))
		prefixes++;
	skip = 16 * prefixes;
	/* What lies in front of the object: nothing; a GC head or a managed dict; both (16 bytes
	 * each). */
	for (uint32_t prefix = 0; prefix <= 32 && skip + prefix + 16 <= have; prefix += 16) {
		const uint8_t *object = bytes + skip + prefix;
		uint64_t type_addr = word(object, 8);
		unsigned number;

		if (!count_is_live(t, word(object, 0)) || !remote_plausible(type_addr))
			continue;
		number = types_at(t, type_addr);
		if (number == TYPE_NONE || t->type[number].prefix != prefix ||
		    t->type[number].least + skip > size)
			continue;
		*offset = skip + prefix;
		if (prefixes > t->debug_prefixes)
			t->debug_prefixes = prefixes;
		return number;
	}
	return TYPE_NONE;
}

uint32_t types_size_word(const struct types *t, const struct py_type *type)
{
	switch (type->kind) {
	case KIND_LIST:
	case KIND_DEQUE:
	case KIND_BYTEARRAY:
		return t->rt->layout.ob_size;
	case KIND_DICT:
		return t->rt->layout.di_used;
	case KIND_SET:
		return t->rt->layout.se_used;
	default:
		return 0;
	}
}
