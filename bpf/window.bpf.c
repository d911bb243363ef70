/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Samples of allocations, each with both stacks, while a window is open: see user/probe/windows.h.
 *
 *	malloc(n) -> window_call: kept by chance, the larger the likelier
 *	             '- not kept: nothing more happens, of a session not even the return
 *	   return -> window_leave: address, stacks -> ring buffer; address -> `sampled`
 *	free(p)   -> window_call: p leaves `sampled`
 *
 * Which blocks stay is not decided here but by walks over the heap; what is in `sampled` at the end
 * was not freed while windows were open. One program serves all functions, which it knows by the
 * address of the probe, so that a window is few links: each takes milliseconds to come off.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "config.bpf.h"
#include "drop.bpf.h"
#include "maps.bpf.h"
#include "native.bpf.h"

#ifdef __TARGET_ARCH_arm64
#define RETURN_POPS 0
#else
#define RETURN_POPS 8 /* the return address */
#endif

#define RINGBUF_AVAILABLE 0 /* BPF_RB_AVAIL_DATA of linux/bpf.h: bytes not taken yet */

#define FAILED_LEAST (~4095ULL) /* MAP_FAILED, and error numbers as pointers */

volatile struct window_control window_control = {};

/* The empty asm keeps each load apart: the verifier refuses one from a computed place. */
static __always_inline __u64 argument(struct pt_regs *regs, __u8 number)
{
	__u64 value = 0;

	if (number == 1) {
		value = PT_REGS_PARM1(regs);
		asm volatile("" : "+r"(value));
	} else if (number == 2) {
		value = PT_REGS_PARM2(regs);
		asm volatile("" : "+r"(value));
	} else if (number == 3) {
		value = PT_REGS_PARM3(regs);
		asm volatile("" : "+r"(value));
	}
	return value;
}

/* The chance at which an allocation of @size bytes is kept; WINDOW_CERTAIN or more: it is. */
static __always_inline __u64 chance_of(__u64 size)
{
	if (size > WINDOW_SIZE_MOST)
		size = WINDOW_SIZE_MOST;
	return (size + WINDOW_SIZE_LEAST) * window_control.chance_per_byte;
}

/* Return address and size class of a call that begins. */
static __always_inline __u64 site_of(struct pt_regs *regs, __u64 size)
{
	__u64 class = 0;

#ifdef __TARGET_ARCH_arm64
	__u64 caller = PT_REGS_RET(regs);
#else
	__u64 caller = read_target_word(PT_REGS_SP(regs));
#endif
	for (int bits = 32; bits; bits >>= 1)
		if (size >> bits) {
			size >>= bits;
			class += bits;
		}
	return caller << 8 | class;
}

/* Less where nearly all of the site's samples were freed. */
static __always_inline __u64 chance_at(__u64 site, __u64 chance)
{
	const struct window_site *known = bpf_map_lookup_elem(&window_sites, &site);
	__u64 stayed;

	if (!known || known->kept < WINDOW_SITE_KEPT)
		return chance;
	stayed = known->kept - known->freed;
	return stayed * WINDOW_SITE_STAYED < known->kept ? (chance >> WINDOW_SITE_SHIFT) + 1
							 : chance;
}

static __always_inline void note_kept(__u64 site)
{
	struct window_site *known = bpf_map_lookup_elem(&window_sites, &site);
	struct window_site fresh = { .kept = 1 };

	if (known)
		__sync_fetch_and_add(&known->kept, 1);
	else
		bpf_map_update_elem(&window_sites, &site, &fresh, BPF_NOEXIST);
}

/* The block at @address is freed, or moves. */
static __always_inline void forget(__u64 address)
{
	const struct window_block *block = bpf_map_lookup_elem(&sampled, &address);
	struct window_site *known;
	__u64 site;

	if (!block)
		return;
	site = block->site;
	bpf_map_delete_elem(&sampled, &address);
	known = bpf_map_lookup_elem(&window_sites, &site);
	if (known)
		__sync_fetch_and_add(&known->freed, 1);
}

/* Chance decides, and whether there is room, and money. */
static __always_inline bool is_kept(__u64 chance)
{
	if (window_control.kept >= window_control.kept_most ||
	    (chance < WINDOW_CERTAIN && bpf_get_prandom_u32() >= chance))
		return false;
	if (bpf_ringbuf_query(&window_samples, RINGBUF_AVAILABLE) <=
	    WINDOW_RING - 2 * sizeof(struct window_sample))
		return true;
	count_drop(DROP_RINGBUF_FULL);
	return false;
}

static __always_inline int window_enter(struct pt_regs *regs, const struct window_call *call)
{
	__u32 tid = bpf_get_current_pid_tgid();
	struct window_thread t = { .source = call->source, .header = call->header };
	__u64 chance;

	t.size = argument(regs, call->size_at);
	if (call->count_at)
		t.size *= argument(regs, call->count_at);
	t.size -= call->header;
	if (call->size_most && t.size > call->size_most)
		return cfg_session;
	__sync_fetch_and_add(&window_control.allocations, 1);
	t.site = site_of(regs, t.size);
	chance = chance_at(t.site, chance_of(t.size));
	if (!is_kept(chance))
		return cfg_session;
	t.chance = chance < WINDOW_CERTAIN ? chance : WINDOW_CERTAIN;
	t.stack = PT_REGS_SP(regs);
	t.result_at = argument(regs, call->result_at);
	bpf_map_update_elem(&window_threads, &tid, &t, BPF_ANY);
	return 0;
}

static __always_inline int send(struct pt_regs *regs, const struct window_thread *t, __u64 address)
{
	struct window_sample *sample = bpf_ringbuf_reserve(&window_samples, sizeof(*sample), 0);
	struct window_block block = { .site = t->site };

	if (!sample) {
		count_drop(DROP_RINGBUF_FULL);
		return 0;
	}
	sample->size = t->size;
	sample->chance = t->chance;
	sample->source = t->source;
	sample->pad = 0;
	native_fill(&sample->stacks, regs, &cfg_unwind, address);
	block.time_ns = sample->stacks.time_ns;
	if (bpf_map_update_elem(&sampled, &address, &block, BPF_ANY)) {
		count_drop(DROP_LIVE_FULL);
		bpf_ringbuf_discard(sample, BPF_RB_NO_WAKEUP);
		return 0;
	}
	bpf_ringbuf_submit(sample, BPF_RB_NO_WAKEUP);
	if (t->site)
		note_kept(t->site);
	return 0;
}

static __always_inline int window_leave(struct pt_regs *regs)
{
	__u32 tid = bpf_get_current_pid_tgid();
	struct window_thread *found = bpf_map_lookup_elem(&window_threads, &tid), t;
	__u64 result = PT_REGS_RC(regs);

	if (!found || PT_REGS_SP(regs) != found->stack + RETURN_POPS)
		return 0; /* of a call that was not kept */
	t = *found;
	found->stack = 0;
	__sync_fetch_and_add(&window_control.kept, 1);
	if (t.result_at)
		result = result ? 0 : read_target_word(t.result_at);
	return result && result < FAILED_LEAST ? send(regs, &t, result + t.header) : 0;
}

/* The entry of a probed function; of a session also its return. */
SEC("uprobe")
int window_call(struct pt_regs *regs)
{
	__u64 at = PT_REGS_IP(regs), block;
	const struct window_call *call;

	if (cfg_session && at != bpf_get_func_ip(regs))
		return window_leave(regs);
	call = bpf_map_lookup_elem(&window_calls, &at);
	if (!call)
		return cfg_session;
	if (call->stepped)
		__sync_fetch_and_add(&window_control.stepped, 1);
	if (call->block_at) {
		block = argument(regs, call->block_at);
		if (block)
			forget(block + call->header);
		else if (call->allocates)
			return cfg_session; /* realloc(NULL) calls malloc, which is probed too */
	}
	if (call->allocates)
		return window_enter(regs, call);
	__sync_fetch_and_add(&window_control.frees, 1);
	return cfg_session;
}

/* A count of 2 or more that becomes 1 is no beginning. Counts are below 2^32, links above. */
static __always_inline bool begins(const struct window_watched *w, __u64 before, __u64 now)
{
	if (w->kind == WINDOW_WORD_TYPE)
		return now == w->type;
	if (w->kind == WINDOW_WORD_LINK ? before || !now : (__u32)now != 1)
		return false;
	if (w->kind == WINDOW_WORD_COUNT && before && before >> 32 == 0)
		return false;
	return read_target_word(w->type_at) == w->type;
}

/*
 * A word of a watched block was written. While a block is free its first word links it to the next
 * free one, and what looks like a count there is 0, as the object that died left it.
 */
static __always_inline void watched_write(struct pt_regs *regs, struct window_watched *w)
{
	const struct window_thread t = { .source = ACCOUNT_BLOCK,
					 .size = w->size,
					 .chance = WINDOW_CERTAIN };
	__u64 now, before = w->last;

	if (!read_target(&now, sizeof(now), w->word))
		return;
	w->last = now;
	if (w->kind != WINDOW_WORD_TYPE && !(__u32)read_target_word(w->count_at))
		forget(w->block);
	else if (begins(w, before, now) && is_kept(WINDOW_CERTAIN)) {
		__sync_fetch_and_add(&window_control.kept, 1);
		send(regs, &t, w->block);
	}
}

/* One program serves all slots, which it knows by the address. Returns 1: see watch_write(). */
SEC("perf_event")
int window_write(struct bpf_perf_event_data *ctx)
{
	struct pt_regs *regs = (struct pt_regs *)&ctx->regs;
	__u64 address = ctx->addr;

	for (int i = 0; i < WATCH_SLOTS; i++) {
		__u32 slot = i;
		struct window_watched *w = bpf_map_lookup_elem(&window_blocks, &slot);

		if (!w || w->word != address)
			continue;
		__sync_fetch_and_add(&window_control.writes, 1);
		__sync_fetch_and_add(&w->writes, 1);
		watched_write(regs, w);
		break;
	}
	return 1;
}

/* The return of every allocating function, where entry and return are probes of their own. */
SEC("uprobe")
int window_return(struct pt_regs *regs)
{
	return window_leave(regs);
}
