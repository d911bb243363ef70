// SPDX-License-Identifier: Apache-2.0
#include "who.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../cpython/refcount.h"
#include "../heap/dominators.h"
#include "../heap/heap.h"
#include "../heap/referrers.h"
#include "../heap/shallow.h"
#include "../heap/typename.h"
#include "../util/clock.h"
#include "../util/strbuf.h"
#include "fill.h"
#include "who_paths.h"

#define OBJECT_HEAD 512 /* bytes of an object that its size is told by */
#define SUGGESTIONS 5

struct session {
	struct process process;
	struct py_runtime rt;
	struct remote mem;
	struct heap heap;
	struct dominators dominators;
	struct referrers found;
	const struct options *options;
	struct log *log;
	uint64_t began, cpu_began;
};

static int open_all(struct session *s, pid_t pid, struct err *e)
{
	int err = process_open(&s->process, pid, e);

	if (err)
		return err;
	remote_init(&s->mem, pid);
	err = py_runtime_open(&s->rt, &s->process, &s->mem, e);
	if (!err && heap_open(&s->heap, &s->rt, &s->mem))
		err = err_set(e, -ENOMEM, EXIT_FAILED, "not enough memory to look at pid %d", pid);
	return err;
}

static void close_all(struct session *s)
{
	referrers_release(&s->found);
	dominators_release(&s->dominators);
	heap_close(&s->heap);
	process_close(&s->process);
}

/* Whole, or what stands behind its last point. */
static bool is_called(const char *type, const char *name)
{
	const char *last = strrchr(type, '.');

	return strcmp(type, name) == 0 || (last && strcmp(last + 1, name) == 0);
}

/* Types on the heap whose names have @part in them. */
static void suggest(const struct types *t, const char *part, struct strbuf *out)
{
	int left = SUGGESTIONS;

	for (unsigned i = 1; i < t->count && left; i++) {
		char name[160];

		if (!t->type[i].objects)
			continue;
		typename_write(t, i, name, sizeof(name));
		if (strcasestr(name, part)) {
			strbuf_addf(out, "%s %s", left < SUGGESTIONS ? "," : "; there are", name);
			left--;
		}
	}
}

static int choose_type(struct session *s, struct who *w, struct err *e)
{
	const struct types *t = &s->heap.types;
	const struct blocks *b = &s->heap.history.now;
	const char *name = s->options->type;
	uint8_t *wanted = calloc(t->count + 1, 1);
	char more[512];
	struct strbuf others;
	int err = wanted ? 0 : -ENOMEM;

	for (unsigned i = 1; wanted && i < t->count; i++) {
		char full[160];

		typename_write(t, i, full, sizeof(full));
		if (!t->type[i].objects ||
		    (!is_called(full, name) && !is_called(t->type[i].name, name)))
			continue;
		wanted[i] = 1;
		snprintf(w->type, sizeof(w->type), "%s", full);
	}
	for (uint32_t n = 0; !err && n < b->count; n++)
		if (b->print[n] && wanted[b->type[n]])
			err = referrers_choose(&s->found, n);
	free(wanted);
	if (err)
		return err;
	if (s->found.targets)
		return 0;
	strbuf_init(&others, more, sizeof(more));
	suggest(t, name, &others);
	return err_set(e, -ENOENT, EXIT_FAILED, "pid %d has no object of type %s%s", s->mem.pid,
		       name, more);
}

static int choose_address(struct session *s, struct who *w, struct err *e)
{
	uint64_t start, address = s->options->address;
	uint32_t block = blocks_find(&s->heap.history.now, address, &start, NULL);
	struct object o;

	if (block != BLOCK_NONE && s->heap.history.now.print[block]) {
		reach_object(&s->heap.reach, block, &o);
		if (o.type && o.addr == address) {
			typename_write(&s->heap.types, reach_type(&s->heap.reach, block), w->type,
				       sizeof(w->type));
			w->address = address;
			return referrers_choose(&s->found, block);
		}
	}
	return err_set(e, -ENOENT, EXIT_FAILED,
		       "pid %d has no object at 0x%llx: %s", s->mem.pid,
		       (unsigned long long)address,
		       block == BLOCK_NONE ? "no memory is allocated there"
					   : "what is allocated there is no object, or one that "
					     "begins elsewhere");
}

/* What sys.getsizeof() says of the object. */
static uint64_t shallow(struct session *s, const struct object *o)
{
	const struct shallow sizes = { &s->rt.layout, &s->heap.reader };
	uint8_t bytes[OBJECT_HEAD];
	struct walk_item item = { .addr = o->start,
				  .size = o->size,
				  .bytes = bytes,
				  .have = o->size < sizeof(bytes) ? o->size : sizeof(bytes),
				  .offset = (uint32_t)(o->addr - o->start) };

	return reader_copy(&s->heap.reader, o->start, bytes, item.have)
		       ? shallow_bytes(&sizes, o->type, &item)
		       : 0;
}

static void count_references_of(struct who *w, uint64_t count)
{
	int64_t references = (int64_t)count;

	if (w->refcount_sum == UNKNOWN) {
		w->refcount_least = w->refcount_most = references;
		w->refcount_sum = 0;
	}
	if (references < w->refcount_least)
		w->refcount_least = references;
	if (references > w->refcount_most)
		w->refcount_most = references;
	w->refcount_sum += references;
}

/* Is it below another target in the tree of dominators? Then that one retains it too. */
static bool is_covered(const struct session *s, uint32_t block)
{
	const struct dominators *d = &s->dominators;

	for (uint32_t at = d->up[block]; at < d->count; at = d->up[at])
		if (referrers_is_target(&s->found, at))
			return true;
	return false;
}

static void count_objects(struct session *s, struct who *w)
{
	const struct py_layout *l = &s->rt.layout;
	const struct reach *r = &s->heap.reach;

	w->refcount_least = w->refcount_most = w->refcount_sum = UNKNOWN;
	for (size_t i = 0; i < s->found.targets; i++) {
		uint32_t block = s->found.block[i];
		struct object o;
		uint64_t word;

		reach_object(r, block, &o);
		if (!o.type)
			continue;
		w->count++;
		w->bytes += (int64_t)shallow(s, &o);
		w->unreached += !parents_reached(&r->parents, block);
		if (!is_covered(s, block))
			w->retained_bytes += (int64_t)dominators_bytes(&s->dominators, block);
		word = reader_word(&s->heap.reader, o.addr + l->ob_refcnt);
		if (!py_is_immortal(l, word))
			count_references_of(w, py_refcount(l, word));
	}
	w->retained_at_most = s->dominators.at_most;
	w->references = (int64_t)(s->found.refs - s->found.unsure);
	w->memory_words = (int64_t)s->found.unsure;
	w->references_left_out = (int64_t)s->found.lost;
}

static int look(struct session *s, struct who *w, struct err *e)
{
	struct reach *r = &s->heap.reach;
	int err;

	log_progress(s->log, "walking the heap");
	err = heap_walk(&s->heap, 0);
	if (err)
		return err;
	dominators_init(&s->dominators, r);
	err = referrers_init(&s->found, r, &s->dominators.sink);
	if (!err)
		err = s->options->type ? choose_type(s, w, e) : choose_address(s, w, e);
	if (err)
		return err;
	log_progress(s->log, "searching who holds what");
	r->sink = &s->found.sink;
	err = heap_reach(&s->heap, true);
	r->sink = NULL;
	if (!err)
		err = dominators_find(&s->dominators);
	if (!err)
		err = referrers_finish(&s->found);
	if (err)
		return err;
	count_objects(s, w);
	return who_paths(w, &s->found, &s->dominators, s->options->values);
}

static void fill(struct who *w, const struct session *s)
{
	struct report *r = &w->about;

	r->walks = s->heap.history.walks;
	r->loss.torn_reads = s->heap.history.torn_pools + s->heap.history.torn_chunks +
			     s->heap.reach.missed;
	fill_warnings(r, &s->heap);
	fill_own_cost(r, &s->mem);
	r->duration_seconds = (double)(clock_ns() - s->began) / 1e9;
	r->cost.own_cpu_seconds = (double)(clock_cpu_ns() - s->cpu_began) / 1e9;
}

int who_run(struct who *w, pid_t pid, const struct options *o, struct log *log, struct err *e)
{
	struct session s = { .options = o, .log = log, .cpu_began = clock_cpu_ns() };
	int err;

	*w = (struct who){ .about.pid = pid };
	clock_gettime(CLOCK_REALTIME, &w->about.started);
	err = open_all(&s, pid, e);
	if (!err) {
		fill_target(&w->about, &s.process, &s.rt);
		s.began = clock_ns();
		err = look(&s, w, e);
		if (err == -ESRCH || (err && !process_alive(&s.process)))
			err = err_set(e, -ESRCH, EXIT_TARGET_GONE,
				      "pid %d (%s) ended while its heap was read", pid,
				      s.process.comm);
		else if (err && e->exit == EXIT_DONE)
			err = err_set(e, err, EXIT_FAILED, "pid %d: reading its heap failed: %s",
				      pid, strerror(-err));
	}
	log_progress_end(log);
	if (!err)
		fill(w, &s);
	close_all(&s);
	return err;
}
