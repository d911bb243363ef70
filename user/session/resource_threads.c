// SPDX-License-Identifier: Apache-2.0
#include "resource_threads.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../cpython/frames.h"
#include "../cpython/walk.h"
#include "../resources/waits.h"
#include "../util/grow.h"

#define FRAMES_MOST 64 /* of a thread that are named; of deeper stacks the innermost */

struct state {
	uint64_t address;
	uint64_t id; /* native_thread_id, or thread_id where the version has no such */
};

struct find {
	const struct py_runtime *rt;
	struct remote *mem;
	const struct resource_view *v;
	struct pyframes *frames;
	struct state *state; /* owned */
	size_t states, state_cap;
};

static void take_state(void *arg, uint64_t thread)
{
	struct find *f = arg;
	const struct py_layout *l = &f->rt->layout;
	uint64_t id;

	if (!remote_u64(f->mem,
			thread + (f->rt->native_ids ? l->ts_native_thread_id : l->ts_thread_id),
			&id) ||
	    grow(&f->state, &f->state_cap, f->states + 1, sizeof(*f->state)))
		return;
	f->state[f->states++] = (struct state){ thread, id };
}

static void take_states(void *arg, uint64_t interpreter)
{
	struct find *f = arg;

	py_threads(&f->rt->layout, f->mem, interpreter, take_state, f);
}

/*
 * To 3.10 a thread state knows its pthread_self(): glibc has that at the top of the thread's stack,
 * into which the stack pointer points. The main thread's is elsewhere, and the runtime knows it.
 */
static uint64_t id_by_stack(const struct find *f, const struct wait *w, bool main_thread)
{
	const struct map *stack = maps_find(&f->v->maps, w->stack_pointer);
	uint64_t id, best = 0;

	if (main_thread)
		return remote_u64(f->mem, f->rt->address + f->rt->layout.rt_main_thread, &id) ? id
											      : 0;
	for (size_t i = 0; stack && i < f->states; i++) {
		id = f->state[i].id;
		if (id > w->stack_pointer && id < stack->end && (!best || id < best))
			best = id;
	}
	return best;
}

static uint64_t find_state(const struct find *f, const struct wait *w, pid_t own, bool main_thread)
{
	uint64_t id = f->rt->native_ids ? (uint64_t)own : id_by_stack(f, w, main_thread);

	for (size_t i = 0; id && i < f->states; i++)
		if (f->state[i].id == id)
			return f->state[i].address;
	return 0;
}

struct named {
	struct find *find;
	struct frame frame[FRAMES_MOST]; /* innermost first */
	unsigned depth;
};

static bool take_frame(void *arg, uint64_t frame, uint64_t code)
{
	struct named *n = arg;
	struct py_frame_ref ref = { .code = code };
	uint64_t instr;

	if (!py_frame_instruction(&n->find->rt->layout, n->find->mem, frame, &instr))
		return false;
	ref.instr = instr;
	if (pyframes_resolve(n->find->frames, &ref, &n->frame[n->depth]) == 0 &&
	    !pyframe_is_shim(&n->frame[n->depth]))
		n->depth++;
	return n->depth < FRAMES_MOST;
}

static bool of_threading(const struct frame *f)
{
	size_t len = strlen(f->file), tail = strlen("/threading.py");

	return len >= tail && strcmp(f->file + len - tail, "/threading.py") == 0;
}

/*
 * Where the thread's own work began: behind threading.py's way to it. Timer.run() is there too, but
 * waits there itself.
 */
static unsigned entry_of(const struct named *n)
{
	unsigned i = n->depth - 1;

	while (i && of_threading(&n->frame[i]) && strncmp(n->frame[i].function, "Timer.", 6) != 0 &&
	       (!of_threading(&n->frame[i - 1]) || strstr(n->frame[i].function, "_bootstrap")))
		i--;
	return i;
}

static void fill_one(struct find *f, struct resource_thread *t, pid_t pid, size_t i)
{
	struct named *n = calloc(1, sizeof(*n));
	struct wait w;
	uint64_t state;

	wait_read(&w, pid, f->v->tid[i]);
	t->tid = f->v->tid[i];
	snprintf(t->name, sizeof(t->name), "%s", w.name);
	snprintf(t->waits_in, sizeof(t->waits_in), "%s", w.in);
	state = find_state(f, &w, f->v->own_tid[i], f->v->tid[i] == pid);
	if (!n || !state) {
		free(n);
		return;
	}
	n->find = f;
	py_frames(&f->rt->layout, f->mem, state, take_frame, n);
	if (n->depth) {
		t->python = true;
		t->at = n->frame[0];
		t->entry = n->frame[entry_of(n)];
	}
	free(n);
}

int resource_threads_fill(struct resources *r, const struct resource_view *v,
			  const struct py_runtime *rt, struct remote *mem, struct pyframes *frames)
{
	struct find f = { .rt = rt, .mem = mem, .v = v, .frames = frames };

	r->thread = calloc(v->tids + 1, sizeof(*r->thread));
	if (!r->thread)
		return -ENOMEM;
	py_interpreters(rt, mem, take_states, &f);
	for (size_t i = 0; i < v->tids; i++)
		fill_one(&f, &r->thread[i], rt->pid, i);
	r->threads = v->tids;
	free(f.state);
	return 0;
}
