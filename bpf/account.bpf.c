/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The only writer of `live`, `sites` and `threads`. No fetching atomics and no per-CPU state:
 * docs/kernels.md.
 */
#include "account.bpf.h"

#include "code.bpf.h"
#include "config.bpf.h"
#include "drop.bpf.h"
#include "maps.bpf.h"
#include "read.bpf.h"
#include "thread.bpf.h"
#include "unwind.bpf.h"

#ifdef __TARGET_ARCH_arm64
#define RETURN_POPS 0
#else
#define RETURN_POPS 8 /* the return address */
#endif

/* A call further up than this is on another stack (a coroutine library's, a signal's). */
#define NESTED_MOST (1 << 20)

#define FAILED_LEAST (~4095ULL) /* MAP_FAILED, and error numbers as pointers */

volatile struct account_control account_control = {};

static __always_inline void count_hit(void)
{
	__sync_fetch_and_add(&account_control.hits, 1);
}

static __always_inline struct account_thread *this_thread(void)
{
	__u32 tid = bpf_get_current_pid_tgid();
	struct account_thread *t = bpf_map_lookup_elem(&threads, &tid);

	if (!t) {
		struct account_thread fresh = {};

		bpf_map_update_elem(&threads, &tid, &fresh, BPF_NOEXIST);
		t = bpf_map_lookup_elem(&threads, &tid);
		if (!t)
			count_drop(DROP_THREADS_FULL);
	}
	return t;
}

/* The shift for an allocation now; raised as room gets less. */
static __always_inline __u32 shift_now(void)
{
	__u32 shift = account_control.shift, needed = account_control.swept_shift;
	__u64 max = account_control.live_max, used = account_control.live;

	for (int level = 2; level < 2 + ACCOUNT_LEVELS; level++)
		needed += used > max - (max >> level);
	if (needed > shift && shift < ACCOUNT_SHIFT_MAX) {
		shift = needed;
		account_control.shift = shift;
	}
	return shift & 31;
}

/* The block left `live`: it is freed. */
static __always_inline void settle(const struct live_block *block)
{
	__u64 site = block->site;
	struct site_totals *totals = bpf_map_lookup_elem(&sites, &site);
	__u32 shift = account_control.shift & 31;

	if (!totals)
		return;
	__sync_fetch_and_add(&totals->in_use_bytes, -block->size);
	__sync_fetch_and_add(&totals->in_use_objects, -1);
	__sync_fetch_and_add(&totals->freed_bytes, block->size << shift);
	__sync_fetch_and_add(&totals->freed_objects, 1ULL << shift);
}

/* Take the block at @address out of `live`. Who succeeds has it, and no one else. */
static __always_inline bool take(__u64 address, struct live_block *block)
{
	struct live_block *found = bpf_map_lookup_elem(&live, &address);

	if (!found)
		return false;
	*block = *found;
	if (bpf_map_delete_elem(&live, &address))
		return false;
	__sync_fetch_and_add(&account_control.live, -1);
	return true;
}

/* Tell user space of a stack it does not know; @line: of its innermost line alone. */
static __always_inline bool send_stack(__u64 state, __u64 site, __u32 source, bool line)
{
	struct stack_event *event = bpf_ringbuf_reserve(&stacks, sizeof(*event), 0);
	enum unwound end;

	if (!event) {
		count_drop(DROP_RINGBUF_FULL);
		return false;
	}
	event->site = site;
	event->source = source;
	end = unwind_most(&cfg_unwind, state, event->frame, ACCOUNT_FRAMES, &event->depth);
	if (event->depth)
		code_copy(&cfg_unwind, event->frame[0].code, &event->code);
	event->truncated = end != UNWOUND || line;
	if (line && event->depth > 1)
		event->depth = 1;
	event->pad = 0;
	bpf_ringbuf_submit(event, BPF_RB_NO_WAKEUP);
	if (end == UNWOUND_BAD)
		count_drop(DROP_BAD_FRAME);
	return true;
}

/* The totals of a site that is new, or of a line that may be; NULL where it has no room. */
static __always_inline struct site_totals *add_site(__u64 state, __u64 site, __u32 source,
						    bool line)
{
	struct site_totals zero = {}, *totals = line ? bpf_map_lookup_elem(&sites, &site) : NULL;

	if (totals)
		return totals;
	if (!line && account_control.sites >= cfg_stacks_max) {
		count_drop(DROP_SITES_FULL);
		return NULL;
	}
	if (!send_stack(state, site, source, line))
		return NULL;
	if (bpf_map_update_elem(&sites, &site, &zero, BPF_NOEXIST) == 0)
		__sync_fetch_and_add(&account_control.sites, 1);
	return bpf_map_lookup_elem(&sites, &site);
}

static __always_inline __u64 site_number(__u64 hash)
{
	return hash < SITE_STACKS ? hash + SITE_STACKS : hash;
}

/*
 * The site of a stack that is new, its number in *@site: itself, or where that has no room its
 * innermost line. The line comes first, so that it has a name once there is no room for more.
 */
static __always_inline struct site_totals *new_site(struct account_thread *t, __u32 source,
						    __u64 *site)
{
	struct site_totals *totals, *line_totals = NULL;
	__u64 line = ~(__u64)source;

	if (unwind_hash(&cfg_unwind, t->state, 1, &t->depth, &line))
		line_totals = add_site(t->state, site_number(line), source, true);
	totals = add_site(t->state, *site, source, false);
	if (totals)
		return totals;
	*site = line_totals ? site_number(line) : SITE_OVERFLOW + source;
	return line_totals ? line_totals : bpf_map_lookup_elem(&sites, site);
}

/* The site of what the thread does now, its number in *@site. NULL: user space took it away. */
static __noinline struct site_totals *this_site(struct account_thread *t, __u32 source, __u64 *site)
{
	__u64 state = thread_state_again(&cfg_unwind, &t->pointer, &t->id, &t->state);
	struct site_totals *totals;

	*site = source;
	if (!state || !unwind_hash(&cfg_unwind, state, ACCOUNT_FRAMES, &t->depth, site)) {
		*site = SITE_NATIVE + source;
		return bpf_map_lookup_elem(&sites, site);
	}
	*site = site_number(*site);
	totals = bpf_map_lookup_elem(&sites, site);
	return totals ? totals : new_site(t, source, site);
}

/* Put the block into `live`. Where its address is there already, its free was not seen. */
static __always_inline bool put(__u64 address, const struct live_block *block)
{
	struct live_block before;

	if (bpf_map_update_elem(&live, &address, block, BPF_NOEXIST)) {
		if (take(address, &before))
			settle(&before);
		if (bpf_map_update_elem(&live, &address, block, BPF_NOEXIST)) {
			count_drop(DROP_LIVE_FULL);
			return false;
		}
	}
	__sync_fetch_and_add(&account_control.live, 1);
	return true;
}

static __noinline int record(struct account_thread *t, __u64 address, __u64 size, __u32 source)
{
	__u32 shift = shift_now();
	struct live_block block = { .size = size };
	struct site_totals *totals;

	if (!account_keeps(address, shift))
		return 0;
	totals = this_site(t, source, &block.site);
	block.time_ns = bpf_ktime_get_ns();
	if (!put(address, &block) || !totals)
		return 0;
	__sync_fetch_and_add(&totals->in_use_bytes, size);
	__sync_fetch_and_add(&totals->in_use_objects, 1);
	__sync_fetch_and_add(&totals->allocated_bytes, size << shift);
	__sync_fetch_and_add(&totals->allocated_objects, 1ULL << shift);
	return 0;
}

/*
 * Is a call that begins at @stack part of the one in progress? One that begins there again is, if
 * it is another function: a jump instead of a call.
 */
static __always_inline bool is_nested(const struct account_thread *t, __u64 stack, __u32 function)
{
	if (!t->stack || stack > t->stack || t->stack - stack > NESTED_MOST)
		return false;
	return stack < t->stack || function != t->function;
}

/* realloc freed or moved its block, or the call that would say so is lost. */
static __always_inline void settle_moved(struct account_thread *t)
{
	if (t->moved)
		settle(&t->moved_block);
	t->moved = 0;
}

__hidden bool account_returns(struct pt_regs *regs)
{
	return cfg_session && PT_REGS_IP(regs) != bpf_get_func_ip(regs);
}

__hidden int account_enter(struct pt_regs *regs, const struct account_call *call)
{
	__u64 stack = PT_REGS_SP(regs);
	struct account_thread *t;

	count_hit();
	if (account_control.stopped)
		return cfg_session;
	t = this_thread();
	if (!t || is_nested(t, stack, call->function))
		return cfg_session;
	if (t->stack) {
		count_drop(DROP_CALL_LOST);
		settle_moved(t);
	}
	t->stack = stack;
	t->size = call->size;
	t->result_at = call->result_at;
	t->source = call->source;
	t->function = call->function;
	t->moved = 0;
	if (call->moved && take(call->moved, &t->moved_block))
		t->moved = call->moved;
	return 0;
}

__hidden int account_leave(struct pt_regs *regs)
{
	__u32 tid = bpf_get_current_pid_tgid();
	struct account_thread *t = bpf_map_lookup_elem(&threads, &tid);
	__u64 result = PT_REGS_RC(regs), moved;

	count_hit();
	if (!t || !t->stack || PT_REGS_SP(regs) != t->stack + RETURN_POPS)
		return 0; /* of a nested call, or of one whose beginning was not seen */
	t->stack = 0;
	if (t->result_at)
		result = result ? 0 : read_target_word(t->result_at);
	if (result && result < FAILED_LEAST) {
		settle_moved(t);
		return record(t, result, t->size, t->source);
	}
	moved = t->moved;
	if (moved && t->size) { /* it failed, and the block is where it was */
		put(moved, &t->moved_block);
		t->moved = 0;
	}
	settle_moved(t);
	return 0;
}

__hidden int account_free(__u64 address)
{
	struct live_block block;

	count_hit();
	if (address && take(address, &block))
		settle(&block);
	return 0;
}

__hidden int account_found(__u64 address, __u64 size, __u32 source)
{
	struct account_thread *t = account_control.stopped ? NULL : this_thread();

	count_hit();
	return t && address ? record(t, address, size, source) : 0;
}

__hidden int account_count(__s64 objects, __u32 source)
{
	struct account_thread *t = account_control.stopped ? NULL : this_thread();
	struct site_totals *totals;
	__u64 site;

	count_hit();
	if (!t)
		return 0;
	totals = this_site(t, source, &site);
	if (totals)
		__sync_fetch_and_add(&totals->allocated_objects, objects);
	return 0;
}

/* The return of every allocating function, where entry and return are probes of their own. */
SEC("uprobe")
int account_return(struct pt_regs *regs)
{
	return account_leave(regs);
}
