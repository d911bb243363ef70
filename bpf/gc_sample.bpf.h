/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Which types make the garbage: some objects of the young generations, noted before a collection
 * and looked at again after it.
 *
 *	generation's head -> PyGC_Head {next, prev} -> ...        a ring, oldest first
 *	                     refcount    +16
 *	                     type        +24
 *
 * An object is gone when its refcount is 0, as its deallocator leaves it, its memory cannot be read
 * or is of another type now, or (3.14+) a list of free objects goes through its refcount: then bits
 * 32 to 47 are part of an address.
 *
 * The lists are read while the thread stands at the collector's entry. It holds the interpreter's
 * GIL there, so nobody changes them.
 */
#ifndef PYLEAK_GC_SAMPLE_BPF_H
#define PYLEAK_GC_SAMPLE_BPF_H

#include "config.bpf.h"
#include "drop.bpf.h"
#include "maps.bpf.h"
#include "read.bpf.h"

#define GC_FLAGS 3ULL /* low bits of a link */
#define GC_FREE_LINK 0xffff00000000ULL
#define GC_GONE 1ULL

/* User space maps it. */
volatile struct gc_sampling gc_sampling = {};

struct gc_object { /* PyGC_Head, then PyObject */
	__u64 next, prev, refcount, type;
};

/*
 * Of the copy of the collector's state in the map; @offset is a multiple of 8. Kernels before 6.3
 * forget that it is constant, so it is checked, on the register that is used.
 */
static __always_inline __u64 gc_state_word(const struct gc_running *before, __u32 offset)
{
	__u64 index = offset / 8;

	asm volatile("" : "+r"(index));
	return index < GC_STATE_BYTES / 8 ? before->bytes[index] : 0;
}

/*
 * The object that @steps steps lead to, from @object along its ring, whose @head is none. 0 where
 * memory ends. Not static: verified once, by itself.
 */
__noinline __u64 gc_sample_walk(__u64 object, __u64 head, __u64 first, __u32 steps)
{
	for (__u32 i = 0; i < GC_SAMPLE_WALK; i++) {
		if (i >= steps || !object)
			break;
		object = read_target_word(object) & ~GC_FLAGS;
		if (object == head)
			object = first;
	}
	return object;
}

/* Note objects of the young generation @list, which has about @length. */
static __always_inline void sample_list(struct gc_sample *s, const struct gc_running *now,
					__u32 list, __u32 length)
{
	__u32 offset = cfg_gc.generations + list * cfg_gc.generation_size;
	__u64 head = now->state + offset, first = read_target_word(head) & ~GC_FLAGS;
	__u64 object = first, start;
	struct gc_object header;

	if (length < 1 || length > GC_SAMPLE_WALK)
		length = GC_SAMPLE_WALK;
	if (object == head)
		return;
	start = object = gc_sample_walk(object, head, first, bpf_get_prandom_u32() % length);
	for (__u32 i = 0; i < GC_SAMPLE_LIST; i++) {
		if (!object || !read_target(&header, sizeof(header), object))
			break;
		s->object[list * GC_SAMPLE_LIST + i] = object;
		s->type[list * GC_SAMPLE_LIST + i] = header.type;
		s->count[list] = i + 1;
		object = header.next & ~GC_FLAGS;
		if (object == head)
			object = first;
		if (object == start)
			break;
	}
}

/* Will the middle generation be collected too? Where nobody can tell it is looked at. */
static __always_inline bool takes_middle(const struct gc_running *now)
{
	__u64 generations = now->state + cfg_gc.generations;
	__u64 young = read_target_word(generations + 16);
	__u64 middle = read_target_word(generations + cfg_gc.generation_size + 16);
	bool automatic = (__s32)(young >> 32) > (__s32)young;

	return !automatic || (__s32)(middle >> 32) > (__s32)middle;
}

static __always_inline void sample_before(const struct gc_key *key, const struct gc_running *now)
{
	__u64 began = bpf_ktime_get_ns();
	__u32 zero = 0;
	struct gc_sample *s = bpf_map_lookup_elem(&gc_sample_empty, &zero);

	if (!s || began < gc_sampling.next_ns || gc_sampling.spent_ns >= gc_sampling.allowed_ns)
		return;
	if (bpf_map_update_elem(&gc_samples, key, s, BPF_ANY)) {
		count_drop(DROP_GC_SAMPLE);
		return;
	}
	s = bpf_map_lookup_elem(&gc_samples, key);
	if (!s)
		return;
	sample_list(s, now, 0, read_target_word(now->state + cfg_gc.generations + 16) >> 32);
	if (takes_middle(now))
		sample_list(s, now, 1, GC_SAMPLE_WALK);
	s->spent_ns = bpf_ktime_get_ns() - began;
}

static __always_inline __u64 is_gone(__u64 object, __u64 type)
{
	__u64 now[2]; /* refcount, type */

	if (!read_target(now, sizeof(now), object + 16))
		return GC_GONE;
	return !(__u32)now[0] || now[0] & GC_FREE_LINK || now[1] != type ? GC_GONE : 0;
}

static __always_inline void sample_report(const struct gc_sample *s,
					  const struct gc_running *before,
					  const struct gc_outcome *outcome)
{
	struct gc_sample_event *event = bpf_ringbuf_reserve(&gc_sample_events, sizeof(*event), 0);

	if (!event) {
		count_drop(DROP_RINGBUF_FULL);
		return;
	}
	event->collected = outcome->collected;
	event->generation = outcome->generation;
	event->young = gc_state_word(before, cfg_gc.generations + 16) >> 32;
	for (__u32 list = 0; list < GC_SAMPLE_LISTS; list++)
		event->count[list] = list <= outcome->generation ? s->count[list] : 0;
	for (__u32 i = 0; i < GC_SAMPLE_LISTS * GC_SAMPLE_LIST; i++) {
		__u64 type = s->type[i];

		if (i % GC_SAMPLE_LIST < s->count[i / GC_SAMPLE_LIST])
			type |= is_gone(s->object[i], type);
		event->type[i] = type;
	}
	bpf_ringbuf_submit(event, BPF_RB_NO_WAKEUP);
}

/* @outcome: NULL where it was no collection. */
static __always_inline void sample_after(const struct gc_key *key, const struct gc_running *before,
					 const struct gc_outcome *outcome)
{
	__u64 began = bpf_ktime_get_ns(), spent, now;
	struct gc_sample *s = bpf_map_lookup_elem(&gc_samples, key);

	if (!s)
		return;
	if (outcome)
		sample_report(s, before, outcome);
	now = bpf_ktime_get_ns();
	spent = s->spent_ns + now - began;
	bpf_map_delete_elem(&gc_samples, key);
	__sync_fetch_and_add(&gc_sampling.spent_ns, spent);
	/* A time by chance, lest it keeps step with what the program does in turn. */
	spent *= cfg_gc.sample_rest;
	gc_sampling.next_ns = now + spent / 2 + spent * (bpf_get_prandom_u32() & 1023) / 1024;
}

#endif
