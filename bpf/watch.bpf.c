/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A write to a watched word of the target → the Python stack that wrote it. The trap comes after
 * the write.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

#include "abi.h"
#include "config.bpf.h"
#include "drop.bpf.h"
#include "maps.bpf.h"
#include "read.bpf.h"
#include "thread.bpf.h"
#include "unwind.bpf.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

/* Does this write count? Remembers the word's value for the next one. */
static __always_inline bool watch_admits(struct watch_word *word, __u64 *value)
{
	__s64 before = word->last;

	if (!read_target(value, sizeof(*value), word->address)) {
		count_drop(DROP_WORD_UNREAD);
		return false;
	}
	word->last = *value;
	return !word->only_increase || (__s64)*value > before;
}

static __always_inline void watch_report(__u32 slot, const struct watch_word *word, __u64 value)
{
	__u64 state = thread_state(&cfg_unwind);
	struct watch_event *event;
	enum unwound end;

	if (!state) {
		count_drop(DROP_NO_THREAD);
		return;
	}
	event = bpf_ringbuf_reserve(&watch_events, sizeof(*event), 0);
	if (!event) {
		count_drop(DROP_RINGBUF_FULL);
		return;
	}
	event->time_ns = bpf_ktime_get_ns();
	event->value = value;
	event->tid = bpf_get_current_pid_tgid();
	event->slot = slot;
	event->generation = word->generation;
	end = unwind(&cfg_unwind, state, event->frame, &event->depth);
	event->truncated = end == UNWOUND_CUT;
	event->pad = 0;
	bpf_ringbuf_submit(event, BPF_RB_NO_WAKEUP);
	if (end == UNWOUND_BAD)
		count_drop(DROP_BAD_FRAME);
	else if (end == UNWOUND_CUT)
		count_drop(DROP_DEPTH);
}

/*
 * One program serves all slots: what it learns of the event on every kernel is the watched address.
 * Returns 1 always: from 6.10 on, 0 would keep the write from counting against the hit limit.
 */
SEC("perf_event")
int watch_write(struct bpf_perf_event_data *ctx)
{
	__u64 address = ctx->addr, value;

	for (int i = 0; i < WATCH_SLOTS; i++) {
		__u32 slot = i;
		struct watch_word *word = bpf_map_lookup_elem(&watch_words, &slot);

		if (!word || word->address != address)
			continue;
		__sync_fetch_and_add(&word->hits, 1);
		if (watch_admits(word, &value))
			watch_report(i, word, value);
		break;
	}
	return 1;
}
