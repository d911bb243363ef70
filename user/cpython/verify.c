// SPDX-License-Identifier: Apache-2.0
#include "verify.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dict.h"
#include "text.h"
#include "verify_look.h"
#include "walk.h"

#define MODULES_MAX 65536 /* entries of sys.modules that are looked at */

int verify_doubt(struct verify_look *k, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(k->doubt->text, sizeof(k->doubt->text), fmt, args);
	va_end(args);
	return -EINVAL;
}

uint64_t verify_word(struct verify_look *k, uint64_t addr)
{
	uint64_t value;

	remote_u64(k->mem, addr, &value);
	return value;
}

void verify_type_name(struct verify_look *k, uint64_t addr, char name[64])
{
	const struct py_layout *l = &k->rt->layout;
	uint64_t type = remote_plausible(addr) ? verify_word(k, addr + l->ob_type) : 0;

	name[0] = '\0';
	if (remote_plausible(type))
		remote_cstr(k->mem, verify_word(k, type + l->tp_name), name, 64);
}

/*
 * PyType_Type is its own type, is called "type", is as large as the layout's heap type, and derives
 * from "object".
 */
static int check_type(struct verify_look *k)
{
	const struct py_layout *l = &k->rt->layout;
	uint64_t type = k->rt->type_type, base, size;
	char name[64];

	if (verify_word(k, type + l->ob_type) != type)
		return verify_doubt(
			k, "ob_type of PyType_Type at 0x%" PRIx64 " is 0x%" PRIx64 ", not itself",
			type, verify_word(k, type + l->ob_type));
	verify_type_name(k, type, name);
	if (strcmp(name, "type"))
		return verify_doubt(k, "tp_name of PyType_Type at 0x%" PRIx64 " reads \"%s\"", type,
				    name);
	size = verify_word(k, type + l->tp_basicsize);
	if (size != l->ht_size)
		return verify_doubt(k,
				    "tp_basicsize of PyType_Type is %" PRIu64
				    ", the layout's heap types have %" PRIu32,
				    size, l->ht_size);
	base = verify_word(k, type + l->tp_base);
	if (remote_plausible(base))
		remote_cstr(k->mem, verify_word(k, base + l->tp_name), name, sizeof(name));
	if (strcmp(name, "object"))
		return verify_doubt(k,
				    "tp_base of PyType_Type, 0x%" PRIx64
				    ", is called \"%s\", not \"object\"",
				    base, name);
	strbuf_add(&k->said, "type(type) is type");
	return 0;
}

struct modules {
	struct verify_look *look;
	uint64_t sys, builtins;
	uint64_t type; /* of modules, once seen */
	unsigned int modules, entries;
};

/* Nearly all have the type of the first. */
static bool is_module(struct modules *m, uint64_t object)
{
	uint64_t type = verify_word(m->look, object + m->look->rt->layout.ob_type);
	char name[64];

	if (m->type && type == m->type)
		return true;
	verify_type_name(m->look, object, name);
	if (strcmp(name, "module"))
		return false;
	m->type = type;
	return true;
}

static int count_module(void *arg, uint64_t key, uint64_t value)
{
	struct modules *m = arg;
	struct verify_look *k = m->look;
	char name[64];

	if (++m->entries > MODULES_MAX)
		return -E2BIG;
	if (py_text(&k->rt->layout, k->mem, key, name, sizeof(name)) < 0)
		return verify_doubt(k, "a key of sys.modules, 0x%" PRIx64 ", is no str", key);
	if (!is_module(m, value))
		return 0;
	m->modules++;
	if (!strcmp(name, "sys"))
		m->sys = value;
	else if (!strcmp(name, "builtins"))
		m->builtins = value;
	return 0;
}

struct version {
	struct verify_look *look;
	uint64_t hex;
};

static int find_version(void *arg, uint64_t key, uint64_t value)
{
	struct version *v = arg;
	const struct py_layout *l = &v->look->rt->layout;
	uint32_t digit;
	char name[16];

	if (py_text(l, v->look->mem, key, name, sizeof(name)) < 0 || strcmp(name, "hexversion"))
		return 0;
	/* Below 2^30 and so of one digit, until Python 64 (Include/cpython/longintrepr.h). */
	remote_u32(v->look->mem, value + l->lo_digit, &digit);
	v->hex = digit;
	return 1;
}

static int check_version(struct verify_look *k, uint64_t sys)
{
	struct py_layout *l = &k->rt->layout;
	struct version v = { .look = k };
	int rc = py_dict_each(l, k->mem, verify_word(k, sys + l->ml_dict), find_version, &v);

	if (rc != 1)
		return verify_doubt(
			k, "the dict of module sys at 0x%" PRIx64 " has no readable hexversion",
			sys);
	if (v.hex >> 24 != (uint64_t)l->major || (v.hex >> 16 & 0xff) != (uint64_t)l->minor)
		return verify_doubt(k, "sys.hexversion is 0x%" PRIx64 ", the layout is of %d.%d",
				    v.hex, l->major, l->minor);
	l->version_hex = (uint32_t)v.hex;
	l->micro = (int)(v.hex >> 8 & 0xff);
	strbuf_addf(&k->said, "; sys.hexversion 0x%08" PRIx64, v.hex);
	return 0;
}

static int check_modules(struct verify_look *k)
{
	const struct py_layout *l = &k->rt->layout;
	uint64_t dict = verify_word(k, k->main + l->is_modules);
	struct modules m = { .look = k };
	char name[64];
	int rc;

	verify_type_name(k, dict, name);
	if (strcmp(name, "dict"))
		return verify_doubt(k, "sys.modules at 0x%" PRIx64 " is a \"%s\", not a dict", dict,
				    name);
	rc = py_dict_each(l, k->mem, dict, count_module, &m);
	if (rc)
		return k->doubt->text[0]
			       ? rc
			       : verify_doubt(k, "sys.modules at 0x%" PRIx64 " does not read",
					      dict);
	/* Programs put other objects there too, so only these two must be modules. */
	if (!m.sys || !m.builtins)
		return verify_doubt(k,
				    "sys.modules at 0x%" PRIx64
				    " has %u modules, but not both sys and builtins",
				    dict, m.modules);
	strbuf_addf(&k->said, "; %u modules", m.modules);
	return check_version(k, m.sys);
}

static void note_interpreter(void *arg, uint64_t interp)
{
	((struct verify_look *)arg)->main = interp;
}

int py_verify(struct py_runtime *rt, const struct process *p, const struct maps *maps,
	      struct remote *mem, struct py_doubt *doubt_out)
{
	struct verify_look k = { .rt = rt, .mem = mem, .maps = maps, .doubt = doubt_out };
	int rc;

	*doubt_out = (struct py_doubt){ 0 };
	strbuf_init(&k.said, rt->verified, sizeof(rt->verified));
	rc = check_type(&k);
	if (rc)
		return rc;
	py_interpreters(rt, mem, note_interpreter, &k);
	if (!k.main) {
		uint64_t head = verify_word(&k, rt->address + rt->layout.rt_interpreters_head);

		doubt_out->starting = head == 0;
		return verify_doubt(
			&k, "the list of interpreters at 0x%" PRIx64 " begins with 0x%" PRIx64,
			rt->address + rt->layout.rt_interpreters_head, head);
	}
	rc = check_modules(&k);
	if (!rc)
		rc = verify_threads(&k, p);
	if (!rc)
		verify_find_generations(&k);
	return rc;
}
