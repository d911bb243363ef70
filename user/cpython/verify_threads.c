// SPDX-License-Identifier: Apache-2.0
#include <inttypes.h>
#include <string.h>

#include "code.h"
#include "verify_look.h"
#include "walk.h"

#define FRAMES_MAX 32 /* frames of one thread looked at for one with a code object */
#define FRAMED_MAX 64 /* threads that are looked at for it */
#define TIDS_MAX 4096 /* threads in /proc/PID/task that are compared */

/* Has @frame or one of its callers a code object that reads? */
static bool check_frames(struct verify_look *k, uint64_t frame)
{
	const struct py_layout *l = &k->rt->layout;
	struct py_code code;
	char name[64];

	for (int i = 0; i < FRAMES_MAX && remote_plausible(frame); i++) {
		uint64_t executable = verify_word(k, frame + l->fr_code) & ~7ULL;
		uint8_t owner = 0;

		if (py_has(l->fr_owner))
			remote_read(k->mem, frame + l->fr_owner, &owner, 1);
		verify_type_name(k, executable, name);
		if (owner < l->facts.skip_owner_min && !strcmp(name, "code") &&
		    !py_code_read(l, k->mem, executable, &code)) {
			strbuf_addf(&k->said, "; frame of %.60s", code.function);
			return true;
		}
		frame = verify_word(k, frame + l->fr_previous);
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
static uint32_t read_key(struct verify_look *k)
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
	struct verify_look *look;
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
	struct verify_look *k = t->look;
	const struct py_layout *l = &k->rt->layout;
	uint64_t id = verify_word(k, thread + l->ts_thread_id);
	const struct map *m = maps_find(k->maps, id);
	uint64_t frame;

	if (t->threads == PY_THREADS_MAX)
		return;
	t->threads++;
	if (verify_word(k, thread + l->ts_interp) != t->interp)
		t->bad_interp = true;
	/* pthread_self(): the thread's control block, in writable memory. */
	t->by_id += remote_plausible(id) && m && (m->prot & MAP_W);
	if (py_has(l->ts_native_thread_id))
		t->native += among(t->tids, t->tid_count,
				   verify_word(k, thread + l->ts_native_thread_id));
	if (py_has(t->key))
		t->by_key +=
			verify_word(k, id + KEY_BLOCK + t->key * KEY_SIZE + KEY_DATA) == thread;
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

int verify_threads(struct verify_look *k, const struct process *p)
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
		return verify_doubt(k, "the interpreter at 0x%" PRIx64 " has no thread", k->main);
	if (t.bad_interp)
		return verify_doubt(
			k, "a thread of the interpreter at 0x%" PRIx64 " belongs to another",
			k->main);
	if (!t.native && !t.by_id)
		return verify_doubt(k, "none of the %u thread states names a thread of the process",
				    t.threads);
	if (t.framed && !t.frame)
		return verify_doubt(k, "no frame of %u threads has a code object that reads",
				    t.framed);
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
