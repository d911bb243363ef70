// SPDX-License-Identifier: Apache-2.0
#include "roots.h"

#include <stdio.h>
#include <string.h>

#include "../cpython/code.h"
#include "../cpython/dict.h"
#include "../cpython/frames.h"
#include "../cpython/text.h"
#include "../cpython/walk.h"

#define FRAMES_ALL_MAX (1u << 18) /* of all threads; locals of further ones are no roots */
#define FILE_AMONG 24  /* of a module's names, as many as the import system gives it, and more */
#define SLOTS_MAX 4096	       /* of one frame */
#define STACK_MAX (8ull << 20) /* of a native stack searched, from its top */
#define CHUNK (64u << 10)

static int add_module(void *arg, uint64_t key, uint64_t value)
{
	struct reach *r = arg;
	char name[96], label[128];

	if (py_text(&r->rt->layout, r->mem, key, name, sizeof(name)) <= 0)
		snprintf(name, sizeof(name), "?");
	snprintf(label, sizeof(label), "module %s", name);
	reach_add_root(r, ROOT_MODULE, label, value, true);
	return 0;
}

struct file {
	struct reach *r;
	char name[512];
	unsigned looked_at;
};

static int take_file(void *arg, uint64_t key, uint64_t value)
{
	struct file *f = arg;
	const struct py_layout *l = &f->r->rt->layout;
	char name[16];

	if (py_text(l, f->r->mem, key, name, sizeof(name)) <= 0 || strcmp(name, "__file__") != 0)
		return ++f->looked_at == FILE_AMONG;
	if (py_text(l, f->r->mem, value, f->name, sizeof(f->name)) <= 0)
		f->name[0] = '\0';
	return 1;
}

static int add_own_module(void *arg, uint64_t key, uint64_t value)
{
	struct reach *r = arg;
	const struct py_layout *l = &r->rt->layout;
	struct file file = { .r = r };
	char name[16];
	uint64_t dict;

	if (py_text(l, r->mem, key, name, sizeof(name)) > 0 && strcmp(name, "__main__") == 0)
		return add_module(arg, key, value);
	if (remote_plausible(value) && remote_u64(r->mem, value + l->ml_dict, &dict))
		py_dict_each(l, r->mem, dict, take_file, &file);
	return file.name[0] && r->is_own(file.name) ? add_module(arg, key, value) : 0;
}

struct modules {
	struct reach *r;
	py_dict_fn add;
};

static void modules_of(void *arg, uint64_t interp)
{
	const struct modules *m = arg;
	struct reach *r = m->r;
	uint64_t dict;

	if (remote_u64(r->mem, interp + r->rt->layout.is_modules, &dict))
		py_dict_each(&r->rt->layout, r->mem, dict, m->add, r);
}

void roots_modules(struct reach *r)
{
	struct modules m = { r, add_module };

	py_interpreters(r->rt, r->mem, modules_of, &m);
}

void roots_own_modules(struct reach *r)
{
	struct modules m = { r, add_own_module };

	py_interpreters(r->rt, r->mem, modules_of, &m);
}

static void frame_slots(struct reach *r, uint64_t frame, uint64_t code)
{
	const struct py_layout *l = &r->rt->layout;
	uint64_t slot[SLOTS_MAX];
	struct py_code known;
	unsigned named, stack;
	char name[64], label[160];

	if (py_code_read(l, r->mem, code, &known) ||
	    py_code_slots(l, r->mem, code, &named, &stack) || named + stack > SLOTS_MAX)
		return;
	if (remote_read(r->mem, frame + l->fr_localsplus, slot, 8ull * (named + stack)) &&
	    remote_read(r->mem, frame + l->fr_localsplus, slot, 8ull * named))
		return;
	for (unsigned i = 0; i < named + stack; i++) {
		if (!slot[i] || (l->facts.tagged_refs && (slot[i] & 3) == 3))
			continue;
		if (i >= named || py_code_varname(l, r->mem, code, i, name, sizeof(name)))
			snprintf(name, sizeof(name), "<stack>");
		snprintf(label, sizeof(label), "frame %.60s: %s", known.function, name);
		reach_add_root(r, ROOT_FRAME, label, slot[i] & ~7ull, true);
	}
}

static bool frame_roots(void *arg, uint64_t frame, uint64_t code)
{
	struct reach *r = arg;

	if (r->frames++ >= FRAMES_ALL_MAX)
		return false;
	frame_slots(r, frame, code);
	return true;
}

static void thread_roots(void *arg, uint64_t thread)
{
	struct reach *r = arg;
	const struct py_layout *l = &r->rt->layout;
	uint64_t held;

	py_frames(l, r->mem, thread, frame_roots, r);
	if (py_has(l->ts_dict) && remote_u64(r->mem, thread + l->ts_dict, &held) && held)
		reach_add_root(r, ROOT_THREAD, "thread-local data", held, true);
	if (py_has(l->ts_context) && remote_u64(r->mem, thread + l->ts_context, &held) && held)
		reach_add_root(r, ROOT_THREAD, "context of a thread", held, true);
}

static void threads_of(void *arg, uint64_t interp)
{
	struct reach *r = arg;

	py_threads(&r->rt->layout, r->mem, interp, thread_roots, r);
}

void roots_threads(struct reach *r)
{
	py_interpreters(r->rt, r->mem, threads_of, r);
}

/* Does the word @word, read at @at, point to a block, and lie in none itself? The main thread's
 * control block may have allocators' memory right below it. */
static bool is_root(const struct reach *r, uint64_t at, uint64_t word)
{
	const struct blocks *b = &r->history->now;

	return remote_plausible(word) && word >= r->spans->lo &&
	       blocks_find(b, word, NULL, NULL) != BLOCK_NONE &&
	       blocks_find(b, at, NULL, NULL) == BLOCK_NONE;
}

/* Every word of [@start, @end) that is present; blocks in between are not roots. */
static void search(struct reach *r, enum root_kind kind, const char *label, uint64_t start,
		   uint64_t end)
{
	const struct span range = { .start = start, .end = end };

	if (stream_begin(r->stream, &range))
		return;
	for (size_t i = 0; i < r->stream->runs; i++) {
		/* runs are of whole pages, a thread's stack ends within one */
		struct run run = r->stream->run[i];

		if (run.end > end)
			run.end = end;
		for (uint64_t at = run.start; at < run.end; at += CHUNK) {
			size_t n = run.end - at < CHUNK ? run.end - at : CHUNK;
			const uint8_t *bytes = stream_at(r->stream, at, n);
			uint64_t word;

			for (size_t o = 0; bytes && o + 8 <= n; o += 8) {
				memcpy(&word, bytes + o, sizeof(word));
				if (is_root(r, at + o, word))
					reach_add_root(r, kind, label, word, false);
			}
		}
	}
}

void roots_data(struct reach *r)
{
	/* the map may be read again while searching, so walk a copy by index, with the bounds of
	 * each span taken first */
	for (size_t i = 0; i < r->spans->count; i++) {
		const struct span span = r->spans->span[i];
		char label[96];

		if (span.kind != SPAN_DATA && span.kind != SPAN_BSS)
			continue;
		snprintf(label, sizeof(label), "C data of %s", span.image);
		search(r, ROOT_DATA, label, span.start, span.end);
	}
}

/* glibc puts a thread's control block, which pthread_self() points to, at the top of its stack. */
static void thread_stack(void *arg, uint64_t thread)
{
	struct reach *r = arg;
	const struct py_layout *l = &r->rt->layout;
	const struct span *span;
	uint64_t self, start;

	if (!py_has(l->ts_thread_id) || !remote_u64(r->mem, thread + l->ts_thread_id, &self))
		return;
	span = spans_find(r->spans, self);
	if (!span || span->kind != SPAN_ANON)
		return;
	start = self - span->start > STACK_MAX ? self - STACK_MAX : span->start;
	search(r, ROOT_STACK, "native stack", start & ~7ull, self & ~7ull);
}

static void stacks_of(void *arg, uint64_t interp)
{
	struct reach *r = arg;

	py_threads(&r->rt->layout, r->mem, interp, thread_stack, r);
}

void roots_stacks(struct reach *r)
{
	for (size_t i = 0; i < r->spans->count; i++) {
		const struct span span = r->spans->span[i];

		if (span.kind == SPAN_STACK)
			search(r, ROOT_STACK, "native stack", span.start, span.end);
	}
	py_interpreters(r->rt, r->mem, stacks_of, r);
}
