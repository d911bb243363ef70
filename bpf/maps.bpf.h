/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Every map. They are weak, so that each program file may include this and the linker keeps one.
 *
 * Nothing here is per CPU: such a value is not private where the kernel may preempt a program, as
 * it may under a uprobe. State lives on the stack or in a ring buffer record instead.
 */
#ifndef PYLEAK_MAPS_BPF_H
#define PYLEAK_MAPS_BPF_H

#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

#include "abi.h"

/*
 * key: slot; value: what is watched there. User space writes it while the slot is disarmed; the
 * programs update `last` and `hits` while it is armed. An array: never full.
 */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, WATCH_SLOTS);
	__type(key, __u32);
	__type(value, struct watch_word);
} watch_words __weak SEC(".maps");

/*
 * Records: struct watch_event. Programs write without waking anyone; user space drains on a timer.
 * Room for about 500 stacks; when full the stack is lost and counted as DROP_RINGBUF_FULL.
 */
struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1 << 20);
} watch_events __weak SEC(".maps");

/*
 * Collections that run now. key: thread and stack pointer; value: what was before. The entry
 * program writes, the return program takes out; user space reads those that never return. When full
 * the collection is lost and counted as DROP_GC_FULL.
 */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1024);
	__type(key, struct gc_key);
	__type(value, struct gc_running);
} gc_running __weak SEC(".maps");

/* key: generation; value: its pauses. Programs add, user space reads. An array: never full. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, GC_GENERATIONS);
	__type(key, __u32);
	__type(value, struct gc_totals);
} gc_totals __weak SEC(".maps");

/*
 * Records: struct gc_event, about 400 of them. Drained on a timer; when full the record is lost and
 * counted as DROP_RINGBUF_FULL, while gc_totals goes on being right.
 */
struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1 << 20);
} gc_events __weak SEC(".maps");

/*
 * Objects noted at the entry of collections that run now, to be looked at when they return. When
 * full there is no sample, counted as DROP_GC_SAMPLE.
 */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 64);
	__type(key, struct gc_key);
	__type(value, struct gc_sample);
} gc_samples __weak SEC(".maps");

/* One sample of zeroes, which new ones are copied from: too large for the stack. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct gc_sample);
} gc_sample_empty __weak SEC(".maps");

/* Records: struct gc_sample_event, about 900. When full a sample is lost, as DROP_RINGBUF_FULL. */
struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1 << 20);
} gc_sample_events __weak SEC(".maps");

/*
 * Outstanding allocations. key: address; value: struct live_block. Written by account.bpf.c;
 * user space reads all, and removes what no longer passes account_keeps() after it raised the
 * shift. User space chooses the size; when full a new allocation is lost, as DROP_LIVE_FULL.
 */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1 << 20);
	__type(key, __u64);
	__type(value, struct live_block);
} live __weak SEC(".maps");

/*
 * Totals by stack. key: site, a hash of the stack; value: struct site_totals. Written by
 * account.bpf.c; user space puts the sites that are no stack there at first. When it is nearly
 * full, allocations of new stacks count by their innermost line alone, as DROP_SITES_FULL; when
 * quite full under SITE_OVERFLOW.
 */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1 << 15);
	__type(key, __u64);
	__type(value, struct site_totals);
} sites __weak SEC(".maps");

/*
 * Records: struct stack_event, one when a site is new. Drained on a timer. Room for 1,400; when
 * full its allocations count by their innermost line until there is room, as DROP_RINGBUF_FULL.
 */
struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1 << 21);
} stacks __weak SEC(".maps");

/*
 * key: thread id; value: struct account_thread. When full the thread that was idle longest makes
 * room: a thread that ended, or one whose call in progress is lost.
 */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 1 << 12);
	__type(key, __u32);
	__type(value, struct account_thread);
} threads __weak SEC(".maps");

/* key: address of a probe; value: struct window_call. User space fills it before it attaches. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 128);
	__type(key, __u64);
	__type(value, struct window_call);
} window_calls __weak SEC(".maps");

/*
 * key: thread id; value: struct window_thread. When full the thread that kept none for longest
 * makes room; its sample is lost.
 */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 4096);
	__type(key, __u32);
	__type(value, struct window_thread);
} window_threads __weak SEC(".maps");

/*
 * key: slot; value: the block that is watched there. User space writes it while the slot is
 * disarmed, the program remembers in it. An array: never full.
 */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, WATCH_SLOTS);
	__type(key, __u32);
	__type(value, struct window_watched);
} window_blocks __weak SEC(".maps");

/*
 * Samples whose blocks were not seen freed. key: address; value: struct window_block. Programs add
 * and remove, user space removes what is gone from the heap. When full a sample is lost, as
 * DROP_LIVE_FULL.
 */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1 << 14);
	__type(key, __u64);
	__type(value, struct window_block);
} sampled __weak SEC(".maps");

/*
 * key: return address and size class; value: struct window_site. Programs only. When full the site
 * that was idle longest is forgotten, and its samples are kept as at first.
 */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 4096);
	__type(key, __u64);
	__type(value, struct window_site);
} window_sites __weak SEC(".maps");

/*
 * Records: struct window_sample. Drained on a timer. Room for 47; when full the sample is lost, as
 * DROP_RINGBUF_FULL. Small, so that it stays in the cache: a record is 21 KiB, and writing it into
 * memory that is not there would cost the target twice as much.
 */
struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, WINDOW_RING);
} window_samples __weak SEC(".maps");

/*
 * Arguments of system calls in progress whose result alone does not say what they made. key: thread
 * id; value: struct resource_call. When full the call that began longest ago is lost: its resource
 * is then one that was not seen being made.
 */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 1 << 12);
	__type(key, __u32);
	__type(value, struct resource_call);
} resource_calls __weak SEC(".maps");

/*
 * Records: struct lifecycle_event. User space is woken when it had read all. Room for 4,096; when
 * full the event is lost, as DROP_RINGBUF_FULL: /proc is searched then.
 */
struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, LIFECYCLE_RING);
} lifecycle_events __weak SEC(".maps");

/*
 * key: process id; value: nothing. Whose children and end are told. A program adds who calls exec,
 * user space removes what is no Python. When full a process is left out: searching finds its
 * children, reading its memory its end.
 */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, LIFECYCLE_WATCHED);
	__type(key, __u32);
	__type(value, __u8);
} lifecycle_watched __weak SEC(".maps");

/* key: enum drop_reason; value: how often. Programs add, user space reads. An array: never full. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, DROP_REASONS);
	__type(key, __u32);
	__type(value, __u64);
} drops __weak SEC(".maps");

#endif
