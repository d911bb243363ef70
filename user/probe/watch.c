// SPDX-License-Identifier: Apache-2.0
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdlib.h>
#include <time.h>

#include "../target/memory.h"
#include "loader.h"
#include "slot.h"
#include "watch.h"

/* How often waiting looks into the ring buffer, and into /proc/PID/task for new threads. */
#define DRAIN_NS 10000000LL
#define FOLLOW_NS 50000000LL

struct watch {
	struct loader loader;
	struct process process; /* a copy: its pidfd belongs to the caller */
	struct remote memory;
	struct ring_buffer *ring; /* owned */
	struct slot slot[WATCH_SLOTS];
	bool together[WATCH_SLOTS]; /* a hit limit of all threads */
	uint32_t generation[WATCH_SLOTS]; /* of the slot's latest arming, from 1 */
	uint64_t hits_before;		  /* of armings that ended */
	unsigned watched, missed;	  /* threads, when last armed or looked for */
	int64_t followed_ns;		  /* when new threads were last looked for */
	pid_t tids[SLOT_THREADS_MAX];

	/* While a poll runs: where its events go. */
	void (*deliver)(void *arg, const struct watch_event *ev);
	void *deliver_arg;
	int delivered;
};

static int64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000LL + t.tv_nsec;
}

/* Called by libbpf for each record, which is trusted no further than its bounds. */
static int take_event(void *context, void *data, size_t size)
{
	struct watch *w = context;
	const struct watch_event *event = data;

	if (size < sizeof(*event) || event->slot >= WATCH_SLOTS || event->depth > PY_MAX_FRAMES)
		return 0;
	if (event->generation != w->generation[event->slot])
		return 0;
	w->deliver(w->deliver_arg, event);
	w->delivered++;
	return 0;
}

int watch_open(struct watch **out, const struct process *p, const struct py_unwind *unwind,
	       struct err *e)
{
	const struct loader_parts parts = { .unwind = unwind, .watch = true };
	struct watch *w = calloc(1, sizeof(*w));
	int rc;

	*out = NULL;
	if (!w)
		return err_set(e, -ENOMEM, EXIT_FAILED, "no memory to watch a process");
	w->process = *p;
	remote_init(&w->memory, p->pid);
	rc = loader_open(&w->loader, p->pid, &parts, e);
	if (rc) {
		free(w);
		return rc;
	}
	w->ring = ring_buffer__new(w->loader.watch_events, take_event, w, NULL);
	if (!w->ring) {
		rc = err_set(e, -errno, EXIT_FAILED,
			     "cannot map the ring buffer to watch process %d: errno %d",
			     (int)p->pid, errno);
		watch_close(w);
		return rc;
	}
	*out = w;
	return 0;
}

void watch_close(struct watch *w)
{
	if (!w)
		return;
	for (unsigned slot = 0; slot < WATCH_SLOTS; slot++)
		slot_close(&w->slot[slot]);
	ring_buffer__free(w->ring);
	loader_close(&w->loader);
	free(w);
}

/* Threads of the target into w->tids: how many, and in @beyond how many there was no room for. */
static ssize_t list_threads(struct watch *w, size_t *beyond)
{
	ssize_t count = process_threads(&w->process, w->tids, SLOT_THREADS_MAX);

	*beyond = count > SLOT_THREADS_MAX ? count - SLOT_THREADS_MAX : 0;
	return count > SLOT_THREADS_MAX ? SLOT_THREADS_MAX : count;
}

static void note_threads(struct watch *w, const struct slot *s, size_t beyond)
{
	w->watched = s->count;
	w->missed = s->missed + beyond;
}

static int describe_word(struct watch *w, unsigned slot, uint64_t addr, bool only_increase)
{
	struct watch_word word = {
		.address = addr,
		.generation = ++w->generation[slot],
		.only_increase = only_increase,
	};
	uint64_t last;

	if (!remote_u64(&w->memory, addr, &last))
		return -EFAULT;
	word.last = last;
	return bpf_map_update_elem(w->loader.watch_words, &slot, &word, BPF_ANY);
}

/* The program tells slots by address, so a word may be in one only. */
static bool watched_elsewhere(const struct watch *w, unsigned slot, uint64_t addr)
{
	for (unsigned other = 0; other < WATCH_SLOTS; other++)
		if (other != slot && w->slot[other].thread && w->slot[other].address == addr)
			return true;
	return false;
}

int watch_arm(struct watch *w, unsigned slot, uint64_t addr, unsigned how, unsigned max_hits)
{
	const struct slot from = { .address = addr,
				   .max_hits = max_hits,
				   .program = w->loader.watch_write,
				   .inherit = how & WATCH_NEW_THREADS };
	struct slot *s;
	size_t beyond;
	ssize_t count;
	int rc;

	if (slot >= WATCH_SLOTS || addr & 7 || max_hits == 0)
		return -EINVAL;
	if (watched_elsewhere(w, slot, addr))
		return -EEXIST;
	watch_disarm(w, slot);
	s = &w->slot[slot];
	count = list_threads(w, &beyond);
	if (count < 0)
		return count;
	rc = slot_open(s, &from, w->tids, count);
	if (rc)
		return rc;
	/* Last before the start: what is written in between would be taken for no change. */
	rc = describe_word(w, slot, addr, how & WATCH_INCREASE);
	if (rc) {
		slot_close(s);
		return rc;
	}
	w->together[slot] = how & WATCH_TOGETHER;
	slot_start(s);
	note_threads(w, s, beyond);
	return 0;
}

uint64_t watch_hits(const struct watch *w, unsigned slot)
{
	struct watch_word word;

	return bpf_map_lookup_elem(w->loader.watch_words, &slot, &word) ? 0 : word.hits;
}

void watch_disarm(struct watch *w, unsigned slot)
{
	struct watch_word word;

	if (slot >= WATCH_SLOTS || !w->slot[slot].thread)
		return;
	slot_close(&w->slot[slot]);
	if (bpf_map_lookup_elem(w->loader.watch_words, &slot, &word))
		return;
	w->hits_before += word.hits;
	word = (struct watch_word){ .generation = word.generation };
	bpf_map_update_elem(w->loader.watch_words, &slot, &word, BPF_ANY);
}

static void follow_threads(struct watch *w)
{
	int64_t now = now_ns();
	size_t beyond;
	ssize_t count;

	if (now - w->followed_ns < FOLLOW_NS)
		return;
	w->followed_ns = now;
	count = list_threads(w, &beyond);
	for (unsigned slot = 0; slot < WATCH_SLOTS && count > 0; slot++) {
		struct slot *s = &w->slot[slot];

		if (!s->thread)
			continue;
		slot_follow(s, w->tids, count);
		note_threads(w, s, beyond);
	}
}

/* The hit limit of all threads together, which the kernel does not keep. */
static void stop_what_is_full(struct watch *w)
{
	for (unsigned slot = 0; slot < WATCH_SLOTS; slot++) {
		struct slot *s = &w->slot[slot];

		if (s->thread && s->count && (s->inherit || w->together[slot]) &&
		    watch_hits(w, slot) >= s->max_hits)
			slot_stop(s);
	}
}

int watch_poll(struct watch *w, int timeout_ms, void (*fn)(void *arg, const struct watch_event *ev),
	       void *arg)
{
	int64_t end = now_ns() + timeout_ms * 1000000LL, left;
	int rc;

	w->deliver = fn;
	w->deliver_arg = arg;
	w->delivered = 0;
	for (;;) {
		struct timespec pause = { 0 };

		follow_threads(w);
		stop_what_is_full(w);
		rc = ring_buffer__consume(w->ring);
		if (rc < 0)
			return rc;
		left = end - now_ns();
		if (w->delivered || left <= 0)
			return w->delivered;
		pause.tv_nsec = left < DRAIN_NS ? left : DRAIN_NS;
		if (nanosleep(&pause, NULL))
			return errno == EINTR ? w->delivered : -errno;
	}
}

void watch_stats(struct watch *w, struct watch_stats *out)
{
	*out = (struct watch_stats){ .hits = w->hits_before };
	out->bpf_ns = loader_bpf_ns(&w->loader);
	for (unsigned slot = 0; slot < WATCH_SLOTS; slot++)
		out->hits += watch_hits(w, slot);
	for (uint32_t reason = 0; reason < DROP_REASONS; reason++)
		bpf_map_lookup_elem(w->loader.drops, &reason, &out->dropped[reason]);
	out->threads_watched = w->watched;
	out->threads_missed = w->missed;
}
