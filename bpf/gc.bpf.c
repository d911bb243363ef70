/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Entry and return of CPython's collector -> how long the thread stood still, and for what.
 *
 * The function's own signature changes with every version and optimiser, so the least is taken from
 * it: which generation ran, and what it found, is the difference of the collector's statistics over
 * the call. A call that changes none of them was no collection: nothing was over its threshold, or
 * another was running.
 *
 * The stack is walked at return: the frame below the collector is the one that was there at entry.
 */
#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "abi.h"
#include "config.bpf.h"
#include "drop.bpf.h"
#include "gc_sample.bpf.h"
#include "maps.bpf.h"
#include "read.bpf.h"
#include "thread.bpf.h"
#include "unwind.bpf.h"

#define INTERPRETERS_MAX 64 /* looked through */

static __always_inline void read_clock(struct gc_clock *clock)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();

	clock->exec_start_ns = BPF_CORE_READ(task, se.exec_start);
	clock->run_ns = BPF_CORE_READ(task, se.sum_exec_runtime);
	clock->queue_ns = 0;
	if (bpf_core_field_exists(task->sched_info))
		clock->queue_ns = BPF_CORE_READ(task, sched_info.run_delay);
	clock->minor_faults = BPF_CORE_READ(task, min_flt);
	clock->major_faults = BPF_CORE_READ(task, maj_flt);
	clock->cpu = bpf_get_smp_processor_id();
}

/* The statistics where they are in rings (3.15): which item of each generation is the newest. */
static __always_inline bool read_indexes(struct gc_running *now)
{
	__u64 base = read_target_word(now->state + cfg_gc.stats);

	for (int i = 0; i < GC_GENERATIONS; i++)
		if (!read_target(&now->index[i], 1, base + cfg_gc.stats_index[i]))
			return false;
	return true;
}

static __always_inline bool is_interpreter(__u64 address)
{
	__u64 interpreter = read_target_word(cfg_unwind.runtime + cfg_unwind.rt_interpreters_head);

	for (int i = 0; i < INTERPRETERS_MAX && interpreter && interpreter != address; i++)
		interpreter = read_target_word(interpreter + cfg_unwind.is_next);
	return interpreter && interpreter == address;
}

/*
 * The PyThreadState that collects, and its interpreter. The argument is right also where a thread
 * runs code of several interpreters, of which it has a state each, or one made by another thread.
 * It counts only where it is one: compilers may leave another thing in its register.
 */
static __always_inline __u64 collecting_thread(struct pt_regs *ctx, __u64 *interpreter)
{
	__u64 thread = cfg_gc.thread_in_argument ? PT_REGS_PARM1(ctx) : 0;

	*interpreter = thread ? read_target_word(thread + cfg_gc.ts_interp) : 0;
	if (*interpreter && is_interpreter(*interpreter))
		return thread;
	thread = thread_state(&cfg_unwind);
	*interpreter = thread ? read_target_word(thread + cfg_gc.ts_interp) : 0;
	return thread;
}

/* The collector's state; 0 where it cannot be told. */
static __always_inline __u64 find_state(struct pt_regs *ctx, __u64 *thread)
{
	__u64 interpreter;

	*thread = 0;
	if (cfg_gc.state)
		return cfg_gc.state;
	*thread = collecting_thread(ctx, &interpreter);
	return interpreter ? interpreter + cfg_gc.is_gc : 0;
}

SEC("uprobe")
int gc_collect_enter(struct pt_regs *ctx)
{
	struct gc_key key = { .stack_pointer = PT_REGS_SP(ctx),
			      .tid = bpf_get_current_pid_tgid() };
	struct gc_running now = {};

	now.state = find_state(ctx, &now.thread_state);
	if (!now.state || !read_target(now.bytes, sizeof(now.bytes), now.state) ||
	    (cfg_gc.stats_by_pointer && !read_indexes(&now))) {
		count_drop(DROP_GC_STATE);
		return 0;
	}
	if (cfg_gc.sample_rest)
		sample_before(&key, &now);
	now.reason = cfg_gc.reason_in_argument ? (__u32)PT_REGS_PARM3(ctx) : GC_ABSENT;
	read_clock(&now.clock);
	now.start_ns = bpf_ktime_get_ns();
	if (bpf_map_update_elem(&gc_running, &key, &now, BPF_ANY))
		count_drop(DROP_GC_FULL);
	return 0;
}

static __always_inline __u32 bucket_of(__u64 ns)
{
	__u32 log = 0, bucket;

	if (ns < 1 << GC_BUCKET_BITS)
		return ns;
	for (int step = 32; step; step /= 2)
		if (ns >> (log + step))
			log += step;
	bucket = (log - GC_BUCKET_BITS + 1) << GC_BUCKET_BITS;
	bucket += (ns >> (log - GC_BUCKET_BITS)) & ((1 << GC_BUCKET_BITS) - 1);
	return bucket < GC_BUCKETS ? bucket : GC_BUCKETS - 1;
}

/* Collections of one generation may end at once only in interpreters with a GIL of their own. */
static __always_inline void add_totals(const struct gc_outcome *outcome)
{
	__u32 generation = outcome->generation;
	struct gc_totals *totals = bpf_map_lookup_elem(&gc_totals, &generation);
	__u64 bucket = bucket_of(outcome->pause_ns);

	/* Kernels before 6.3 know a bound only of the very register that was compared. */
	asm volatile("" : "+r"(bucket));
	if (!totals || bucket >= GC_BUCKETS)
		return;
	__sync_fetch_and_add(&totals->count, 1);
	__sync_fetch_and_add(&totals->pause_ns, outcome->pause_ns);
	__sync_fetch_and_add(&totals->off_ns, outcome->off_ns);
	__sync_fetch_and_add(&totals->queue_ns, outcome->queue_ns);
	__sync_fetch_and_add(&totals->collected, outcome->collected);
	__sync_fetch_and_add(&totals->uncollectable, outcome->uncollectable);
	__sync_fetch_and_add(&totals->bucket[bucket], 1);
	if (outcome->pause_ns > totals->max_ns)
		totals->max_ns = outcome->pause_ns;
	if (!totals->min_ns || outcome->pause_ns < totals->min_ns)
		totals->min_ns = outcome->pause_ns;
}

static __always_inline void difference(const struct gc_stat *before, const struct gc_stat *after,
				       struct gc_outcome *outcome)
{
	outcome->collected = after->collected - before->collected;
	outcome->uncollectable = after->uncollectable - before->uncollectable;
}

/* In rings a collection adds an item to one of them; the item before it is still there. */
static __always_inline bool what_ran_in_rings(const struct gc_running *before,
					      struct gc_outcome *outcome)
{
	__u64 base = gc_state_word(before, cfg_gc.stats);

	for (int i = 0; i < GC_GENERATIONS; i++) {
		__u64 items = base + cfg_gc.stats_first[i] + cfg_gc.stats_collections;
		struct gc_stat old, new;
		__u8 index = 0;

		read_target(&index, sizeof(index), base + cfg_gc.stats_index[i]);
		if (index == before->index[i])
			continue;
		if (!read_target(&old, sizeof(old), items + before->index[i] * cfg_gc.stats_size) ||
		    !read_target(&new, sizeof(new), items + index * cfg_gc.stats_size))
			return false;
		outcome->generation = i;
		difference(&old, &new, outcome);
		return true;
	}
	return false;
}

/* The oldest generation whose statistics went on; false where none did: no collection. */
static __always_inline bool what_ran(const struct gc_running *before, struct gc_outcome *outcome)
{
	struct gc_stat after[GC_GENERATIONS];

	if (cfg_gc.stats_by_pointer)
		return what_ran_in_rings(before, outcome);
	if (!read_target(after, sizeof(after), before->state + cfg_gc.stats)) {
		count_drop(DROP_GC_STATE);
		return false;
	}
	for (int i = GC_GENERATIONS - 1; i >= 0; i--) {
		struct gc_stat old = {
			.collections = gc_state_word(before, cfg_gc.stats + 24 * i),
			.collected = gc_state_word(before, cfg_gc.stats + 24 * i + 8),
			.uncollectable = gc_state_word(before, cfg_gc.stats + 24 * i + 16),
		};

		if (after[i].collections == old.collections)
			continue;
		outcome->generation = i;
		difference(&old, &after[i], outcome);
		return true;
	}
	return false;
}

static __always_inline void what_it_took(const struct gc_running *before, __u64 end_ns,
					 struct gc_outcome *outcome)
{
	struct gc_clock after;
	__u64 ran, off;

	read_clock(&after);
	outcome->pause_ns = end_ns - before->start_ns;
	outcome->queue_ns = after.queue_ns - before->clock.queue_ns;
	if (outcome->queue_ns > outcome->pause_ns)
		outcome->queue_ns = outcome->pause_ns;
	/*
	 * Both are written when a thread is accounted for: what one gains more, it was off. On
	 * another CPU the first is of another clock; then it is right to a tick only.
	 */
	ran = after.run_ns - before->clock.run_ns;
	off = after.cpu == before->clock.cpu ? after.exec_start_ns - before->clock.exec_start_ns
					     : outcome->pause_ns;
	off = off > ran ? off - ran : 0;
	if (off > outcome->pause_ns)
		off = outcome->pause_ns;
	outcome->off_ns = off > outcome->queue_ns ? off : outcome->queue_ns;
	outcome->minor_faults = after.minor_faults - before->clock.minor_faults;
	outcome->major_faults = after.major_faults - before->clock.major_faults;
}

static __always_inline void walk_stack(struct gc_event *event, __u64 thread)
{
	enum unwound end = UNWOUND;

	event->depth = 0;
	event->truncated = 0;
	if (!thread)
		thread = thread_state(&cfg_unwind);
	if (!thread) {
		count_drop(DROP_NO_THREAD);
		return;
	}
	end = unwind(&cfg_unwind, thread, event->frame, &event->depth);
	event->truncated = end == UNWOUND_CUT;
	if (end == UNWOUND_BAD)
		count_drop(DROP_BAD_FRAME);
	else if (end == UNWOUND_CUT)
		count_drop(DROP_DEPTH);
}

static __always_inline void report(const struct gc_running *before,
				   const struct gc_outcome *outcome)
{
	struct gc_event *event = bpf_ringbuf_reserve(&gc_events, sizeof(*event), 0);

	if (!event) {
		count_drop(DROP_RINGBUF_FULL);
		return;
	}
	event->before = *before;
	event->outcome = *outcome;
	walk_stack(event, before->thread_state);
	bpf_ringbuf_submit(event, BPF_RB_NO_WAKEUP);
}

SEC("uretprobe")
int gc_collect_return(struct pt_regs *ctx)
{
	__u64 end_ns = bpf_ktime_get_ns();
	struct gc_key key = { .stack_pointer = PT_REGS_SP(ctx) - cfg_gc.stack_pointer_change,
			      .tid = bpf_get_current_pid_tgid() };
	struct gc_running *before = bpf_map_lookup_elem(&gc_running, &key);
	struct gc_outcome outcome = { .tid = key.tid };
	bool ran;

	if (!before) /* it began before we were attached */
		return 0;
	ran = what_ran(before, &outcome);
	if (ran) {
		what_it_took(before, end_ns, &outcome);
		add_totals(&outcome);
		if (outcome.pause_ns >= cfg_gc.min_pause_ns)
			report(before, &outcome);
	}
	if (cfg_gc.sample_rest)
		sample_after(&key, before, ran ? &outcome : NULL);
	bpf_map_delete_elem(&gc_running, &key);
	return 0;
}
