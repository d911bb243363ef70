// SPDX-License-Identifier: Apache-2.0
#include "verify.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../util/strbuf.h"
#include "code.h"
#include "dict.h"
#include "text.h"
#include "walk.h"

#define MODULES_MAX 65536 /* entries of sys.modules that are looked at */
#define FRAMES_MAX 32     /* frames of one thread looked at for one with a code object */
#define FRAMED_MAX 64     /* threads that are looked at for it */
#define TIDS_MAX 4096     /* threads in /proc/PID/task that are compared */
#define GENERATIONS 3
#define GC_SEARCH_BYTES 64
#define GC_TRIES 3 /* a collection under way takes the rings apart for a moment */
#define GC_TAG_BITS \
	3ULL /* Include/internal/pycore_gc.h: flags in the low bits of _gc_next and _gc_prev */

struct look {
	struct py_runtime *rt;
	struct remote *mem;
	const struct maps *maps;
	struct py_doubt *doubt;
	struct strbuf said;
	uint64_t main; /* the interpreter looked at: the oldest, last in the list */
};

static __attribute__((format(printf, 2, 3))) int doubt(struct look *k, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(k->doubt->text, sizeof(k->doubt->text), fmt, args);
	va_end(args);
	return -EINVAL;
}

static uint64_t word(struct look *k, uint64_t addr)
{
	uint64_t value;

	remote_u64(k->mem, addr, &value);
	return value;
}

/* tp_name of the type of the object at @addr; "" where there is none. */
static void type_name(struct look *k, uint64_t addr, char name[64])
{
	const struct py_layout *l = &k->rt->layout;
	uint64_t type = remote_plausible(addr) ? word(k, addr + l->ob_type) : 0;

	name[0] = '\0';
	if (remote_plausible(type))
		remote_cstr(k->mem, word(k, type + l->tp_name), name, 64);
}

/*
 * PyType_Type is its own type, is called "type", is as large as the layout's heap type, and derives
 * from "object".
 */
static int check_type(struct look *k)
{
	const struct py_layout *l = &k->rt->layout;
	uint64_t type = k->rt->type_type, base, size;
	char name[64];

	if (word(k, type + l->ob_type) != type)
		return doubt(k,
			     "ob_type of PyType_Type at 0x%" PRIx64 " is 0x%" PRIx64 ", not itself",
			     type, word(k, type + l->ob_type));
	type_name(k, type, name);
	if (strcmp(name, "type"))
		return doubt(k, "tp_name of PyType_Type at 0x%" PRIx64 " reads \"%s\"", type, name);
	size = word(k, type + l->tp_basicsize);
	if (size != l->ht_size)
		return doubt(k,
			     "tp_basicsize of PyType_Type is %" PRIu64
			     ", the layout's heap types have %" PRIu32,
			     size, l->ht_size);
	base = word(k, type + l->tp_base);
	if (remote_plausible(base))
		remote_cstr(k->mem, word(k, base + l->tp_name), name, sizeof(name));
	if (strcmp(name, "object"))
		return doubt(k,
			     "tp_base of PyType_Type, 0x%" PRIx64
			     ", is called \"%s\", not \"object\"",
			     base, name);
	strbuf_add(&k->said, "type(type) is type");
	return 0;
}

struct modules {
	struct look *look;
	uint64_t sys, builtins;
	unsigned int modules, entries;
};

static int count_module(void *arg, uint64_t key, uint64_t value)
{
	struct modules *m = arg;
	struct look *k = m->look;
	char name[64], type[64];

	if (++m->entries > MODULES_MAX)
		return -E2BIG;
	if (py_text(&k->rt->layout, k->mem, key, name, sizeof(name)) < 0)
		return doubt(k, "a key of sys.modules, 0x%" PRIx64 ", is no str", key);
	type_name(k, value, type);
	if (strcmp(type, "module"))
		return 0;
	m->modules++;
	if (!strcmp(name, "sys"))
		m->sys = value;
	else if (!strcmp(name, "builtins"))
		m->builtins = value;
	return 0;
}

struct version {
	struct look *look;
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

static int check_version(struct look *k, uint64_t sys)
{
	struct py_layout *l = &k->rt->layout;
	struct version v = {.look = k};
	int rc = py_dict_each(l, k->mem, word(k, sys + l->ml_dict), find_version, &v);

	if (rc != 1)
		return doubt(k,
			     "the dict of module sys at 0x%" PRIx64 " has no readable hexversion",
			     sys);
	if (v.hex >> 24 != (uint64_t)l->major || (v.hex >> 16 & 0xff) != (uint64_t)l->minor)
		return doubt(k, "sys.hexversion is 0x%" PRIx64 ", the layout is of %d.%d", v.hex,
			     l->major, l->minor);
	l->version_hex = (uint32_t)v.hex;
	l->micro = (int)(v.hex >> 8 & 0xff);
	strbuf_addf(&k->said, "; sys.hexversion 0x%08" PRIx64, v.hex);
	return 0;
}

static int check_modules(struct look *k)
{
	const struct py_layout *l = &k->rt->layout;
	uint64_t dict = word(k, k->main + l->is_modules);
	struct modules m = {.look = k};
	char name[64];
	int rc;

	type_name(k, dict, name);
	if (strcmp(name, "dict"))
		return doubt(k, "sys.modules at 0x%" PRIx64 " is a \"%s\", not a dict", dict, name);
	rc = py_dict_each(l, k->mem, dict, count_module, &m);
	if (rc)
		return k->doubt->text[0]
			       ? rc
			       : doubt(k, "sys.modules at 0x%" PRIx64 " does not read", dict);
	/* Programs put other objects there too, so only these two must be modules. */
	if (!m.sys || !m.builtins)
		return doubt(k,
			     "sys.modules at 0x%" PRIx64
			     " has %u modules, but not both sys and builtins",
			     dict, m.modules);
	strbuf_addf(&k->said, "; %u modules", m.modules);
	return check_version(k, m.sys);
}

/* Has @frame or one of its callers a code object that reads? */
static bool check_frames(struct look *k, uint64_t frame)
{
	const struct py_layout *l = &k->rt->layout;
	struct py_code code;
	char name[64];

	for (int i = 0; i < FRAMES_MAX && remote_plausible(frame); i++) {
		uint64_t executable = word(k, frame + l->fr_code) & ~7ULL;
		uint8_t owner = 0;

		if (py_has(l->fr_owner))
			remote_read(k->mem, frame + l->fr_owner, &owner, 1);
		type_name(k, executable, name);
		if (owner < l->facts.skip_owner_min && !strcmp(name, "code") &&
		    !py_code_read(l, k->mem, executable, &code)) {
			strbuf_addf(&k->said, "; frame of %.60s", code.function);
			return true;
		}
		frame = word(k, frame + l->fr_previous);
	}
	return false;
}

/*
 * Where glibc keeps the value of a pthread key, from what thread_id points to (nptl/descr.h:
 * specific_1stblock of struct pthread, elements {seq, data}). The kernel's stack walker relies on
 * it, so it is tried here: the key counts only where a thread's slot holds that thread's state.
 */
#define KEY_BLOCK 0x310
#define KEY_BLOCK_KEYS 32
#define KEY_SIZE 16
#define KEY_DATA 8

/* The pthread key of the thread state, Py_tss_t {int is_initialized; pthread_key_t key;}. */
static uint32_t read_key(struct look *k)
{
	const struct py_layout *l = &k->rt->layout;
	uint32_t word[2];

	if (!py_has(l->rt_autotsskey) ||
	    remote_read(k->mem, k->rt->address + l->rt_autotsskey, word, sizeof(word)) ||
	    word[0] != 1 || word[1] >= KEY_BLOCK_KEYS)
		return PY_ABSENT;
	return word[1];
}

struct threads {
	struct look *look;
	const pid_t *tids;
	size_t tid_count;
	unsigned int threads, native, by_id, by_key, framed;
	uint32_t key;
	bool bad_interp, frame;
	uint64_t interp;
};

static bool among(const pid_t *tids, size_t count, uint64_t tid)
{
	for (size_t i = 0; i < count; i++) {
		if ((uint64_t)tids[i] == tid)
			return true;
	}
	return false;
}

static void count_thread(void *arg, uint64_t thread)
{
	struct threads *t = arg;
	struct look *k = t->look;
	const struct py_layout *l = &k->rt->layout;
	uint64_t id = word(k, thread + l->ts_thread_id);
	const struct map *m = maps_find(k->maps, id);
	uint64_t frame;

	if (t->threads == PY_THREADS_MAX)
		return;
	t->threads++;
	if (word(k, thread + l->ts_interp) != t->interp)
		t->bad_interp = true;
	/* pthread_self(): the thread's control block, in writable memory. */
	t->by_id += remote_plausible(id) && m && (m->prot & MAP_W);
	if (py_has(l->ts_native_thread_id))
		t->native += among(t->tids, t->tid_count, word(k, thread + l->ts_native_thread_id));
	if (py_has(t->key))
		t->by_key += word(k, id + KEY_BLOCK + t->key * KEY_SIZE + KEY_DATA) == thread;
	if (t->frame || t->framed == FRAMED_MAX)
		return;
	frame = py_thread_frame(l, k->mem, thread);
	t->framed += frame != 0;
	t->frame = check_frames(k, frame);
}

static void count_interpreter(void *arg, uint64_t interp)
{
	struct threads *t = arg;

	t->interp = interp;
	if (t->threads < PY_THREADS_MAX)
		py_threads(&t->look->rt->layout, t->look->mem, interp, count_thread, t);
}

static int check_threads(struct look *k, const struct process *p)
{
	pid_t tids[TIDS_MAX];
	ssize_t count = py_thread_ids(p, tids, TIDS_MAX);
	struct threads t = {
		.look = k,
		.key = read_key(k),
		.tids = tids,
		.tid_count = count > 0 ? (size_t)count : 0,
	};

	py_interpreters(k->rt, k->mem, count_interpreter, &t);
	if (!t.threads)
		return doubt(k, "the interpreter at 0x%" PRIx64 " has no thread", k->main);
	if (t.bad_interp)
		return doubt(k, "a thread of the interpreter at 0x%" PRIx64 " belongs to another",
			     k->main);
	if (!t.native && !t.by_id)
		return doubt(k, "none of the %u thread states names a thread of the process",
			     t.threads);
	if (t.framed && !t.frame)
		return doubt(k, "no frame of %u threads has a code object that reads", t.framed);
	k->rt->native_ids = t.native != 0;
	k->rt->tss_key = t.by_key ? t.key : PY_ABSENT;
	if (t.native)
		strbuf_addf(&k->said, "; %u threads, %u with their id in /proc/%d/task", t.threads,
			    t.native, (int)p->pid);
	else
		strbuf_addf(&k->said, "; %u threads, %u with a control block", t.threads, t.by_id);
	if (t.by_key)
		strbuf_addf(&k->said, ", %u by pthread key %" PRIu32, t.by_key, t.key);
	return 0;
}

/*
 * Is it the head of a ring? While it is collected the links back hold reference counts, all but the
 * head's own, for as long as the collection takes: then the last one must lead to the head.
 */
static bool is_ring(struct look *k, uint64_t head)
{
	const struct py_layout *l = &k->rt->layout;
	uint64_t next = word(k, head + l->gc_next) & ~GC_TAG_BITS;
	uint64_t last = word(k, head + l->gc_prev) & ~GC_TAG_BITS;

	return next >= 0x1000 && last >= 0x1000 &&
	       ((word(k, next + l->gc_prev) & ~GC_TAG_BITS) == head ||
		(word(k, last + l->gc_next) & ~GC_TAG_BITS) == head);
}

/* Is there an array of generations at @head: rings whose heads lie in it? */
static bool are_generations(struct look *k, uint64_t head)
{
	const struct py_layout *l = &k->rt->layout;

	for (int i = 0; i < GENERATIONS; i++, head += l->gc_generation_size)
		if (!is_ring(k, head))
			return false;
	return true;
}

/*
 * The collector's state is not self-described and moves between micro releases (generations: +24
 * in 3.13.0, +20 in Debian's 3.13.5), so the array is looked for near the place that the table
 * names. Not found: PY_ABSENT, nothing else depends on it.
 */
static void find_generations(struct look *k)
{
	struct py_layout *l = &k->rt->layout;
	uint64_t state = py_has(l->is_gc) ? k->main + l->is_gc : k->rt->address + l->rt_gc;
	uint32_t named = l->gc_generations;

	for (int try = 0; try < GC_TRIES; try++) {
		if (py_has(named) && are_generations(k, state + named)) {
			strbuf_add(&k->said, "; the collector's lists");
			return;
		}
		for (l->gc_generations = 0; l->gc_generations < GC_SEARCH_BYTES;
		     l->gc_generations += 4) {
			if (!are_generations(k, state + l->gc_generations))
				continue;
			strbuf_addf(&k->said, "; the collector's lists, at +%" PRIu32,
				    l->gc_generations);
			return;
		}
	}
	l->gc_generations = PY_ABSENT;
}

static void note_interpreter(void *arg, uint64_t interp)
{
	((struct look *)arg)->main = interp;
}

int py_verify(struct py_runtime *rt, const struct process *p, const struct maps *maps,
	      struct remote *mem, struct py_doubt *doubt_out)
{
	struct look k = {.rt = rt, .mem = mem, .maps = maps, .doubt = doubt_out};
	int rc;

	*doubt_out = (struct py_doubt){0};
	strbuf_init(&k.said, rt->verified, sizeof(rt->verified));
	rc = check_type(&k);
	if (rc)
		return rc;
	py_interpreters(rt, mem, note_interpreter, &k);
	if (!k.main) {
		uint64_t head = word(&k, rt->address + rt->layout.rt_interpreters_head);

		doubt_out->starting = head == 0;
		return doubt(&k, "the list of interpreters at 0x%" PRIx64 " begins with 0x%" PRIx64,
			     rt->address + rt->layout.rt_interpreters_head, head);
	}
	rc = check_modules(&k);
	if (!rc)
		rc = check_threads(&k, p);
	if (!rc)
		find_generations(&k);
	return rc;
}
