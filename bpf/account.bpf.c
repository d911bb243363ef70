/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The only writer of `live`, `sites` and `threads`. No fetching atomics and no per-CPU state:
 * docs/kernels.md.
 */
#include "account.bpf.h"

#include "config.bpf.h"
#include "drop.bpf.h"
#include "maps.bpf.h"
#include "next_block.bpf.h"
#include "read.bpf.h"
#include "sites.bpf.h"

#ifdef __TARGET_ARCH_arm64
#define RETURN_POPS 0
#else
#define RETURN_POPS 8 /* the return address */
#endif

/* A call further up than this is on another stack (a coroutine library's, a signal's). */
#define NESTED_MOST (1 << 20)

#define FAILED_LEAST (~4095ULL) /* MAP_FAILED, and error numbers as pointers */

volatile struct account_control account_control = {};

/* The first pool of each size class, as it was lately: next_block() checks it. */
volatile __u64 account_pools[POOL_CLASSES] = {};

/* Too large for the stack. */
static const struct account_thread fresh_thread = {};

static __always_inline void count_hit(void)
{
	__sync_fetch_and_add(&account_control.hits, 1);
}

static __always_inline struct account_thread *known_thread(void)
{
	__u32 tid = bpf_get_current_pid_tgid();

	return bpf_map_lookup_elem(&threads, &tid);
}

static __always_inline struct account_thread *this_thread(void)
{
	__u32 tid = bpf_get_current_pid_tgid();
	struct account_thread *t = known_thread();

	if (!t) {
		bpf_map_update_elem(&threads, &tid, &fresh_thread, BPF_NOEXIST);
		t = known_thread();
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

static __always_inline void count_block(struct site_count *count, __u64 size, __u32 shift)
{
	__sync_fetch_and_add(&count->bytes, size);
	__sync_fetch_and_add(&count->objects, 1);
	if (!shift)
		return;
	__sync_fetch_and_add(&count->more_bytes, (size << shift) - size);
	__sync_fetch_and_add(&count->more_objects, (1ULL << shift) - 1);
}

/* The block left `live`: it is freed. */
static __always_inline void settle(const struct live_block *block)
{
	__u64 site = block->site;
	struct site_totals *totals = bpf_map_lookup_elem(&sites, &site);

	if (totals)
		count_block(&totals->taken, block->size, account_control.shift & 31);
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

/*
 * Put the block into `live`. Where its address is there already, its free was not seen, or it was
 * predicted and never handed out.
 */
static __always_inline bool put(struct account_thread *t, __u64 address,
				const struct live_block *block)
{
	struct live_block before;

	if (bpf_map_update_elem(&live, &address, block, BPF_NOEXIST)) {
		t->predictions = 0;
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
	block.time_ns = cfg_timed ? bpf_ktime_get_ns() : 0;
	if (put(t, address, &block) && totals)
		count_block(&totals->put, size, shift);
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

/* What the call will return, where that is known and need not be checked; else 0. */
static __always_inline __u64 predict(struct account_thread *t, const struct account_call *call)
{
	t->predicted = 0;
	if (!cfg_session || !call->predictable)
		return 0;
	t->predicted =
		next_block(account_control.usedpools, call->size, cfg_pool_size, account_pools);
	if (!t->predicted || ++t->predictions <= PREDICTED_CHECKED ||
	    t->predictions % PREDICTED_CHECKED == 0)
		return 0;
	return t->predicted;
}

/* From the first wrong prediction on there are no more. */
static __always_inline void check_prediction(const struct account_thread *t, __u64 result)
{
	if (t->predicted && t->predicted != result) {
		account_control.usedpools = 0;
		count_drop(DROP_MISPREDICTED);
	}
}

/* A call begins: its block, if that is known now. *@rc becomes 0 where its return is waited for. */
static __always_inline __u64 enter(struct account_thread *t, struct pt_regs *regs,
				   const struct account_call *call, int *rc)
{
	__u64 stack = PT_REGS_SP(regs), block;

	if (is_nested(t, stack, call->function))
		return 0;
	if (t->stack) {
		count_drop(DROP_CALL_LOST);
		settle_moved(t);
	}
	t->stack = 0;
	t->size = call->size;
	t->source = call->source;
	t->moved = 0;
	block = predict(t, call);
	if (block)
		return block;
	t->stack = stack;
	t->result_at = call->result_at;
	t->function = call->function;
	if (call->moved && take(call->moved, &t->moved_block))
		t->moved = call->moved;
	*rc = 0;
	return 0;
}

/* A call returns: its block, or 0 where there is none. */
static __always_inline __u64 leave(struct account_thread *t, struct pt_regs *regs)
{
	__u64 result = PT_REGS_RC(regs), moved;

	if (!t->stack || PT_REGS_SP(regs) != t->stack + RETURN_POPS)
		return 0; /* of a nested call, or of one whose beginning was not seen */
	t->stack = 0;
	check_prediction(t, result);
	if (t->result_at)
		result = result ? 0 : read_target_word(t->result_at);
	if (result && result < FAILED_LEAST) {
		settle_moved(t);
		return result;
	}
	moved = t->moved;
	if (moved && t->size) { /* it failed, and the block is where it was */
		put(t, moved, &t->moved_block);
		t->moved = 0;
	}
	settle_moved(t);
	return 0;
}

/* In one place each that the verifier walks: record() is long. */
__hidden int account_call(struct pt_regs *regs, const struct account_call *call)
{
	bool returns = cfg_session && PT_REGS_IP(regs) != bpf_get_func_ip(regs);
	struct account_thread *t;
	int rc = returns ? 0 : cfg_session;
	__u64 block;

	count_hit();
	if (!returns && account_control.stopped)
		return rc;
	t = returns ? known_thread() : this_thread();
	if (!t)
		return rc;
	block = returns ? leave(t, regs) : enter(t, regs, call, &rc);
	if (!block)
		return rc;
	record(t, block, t->size, t->source);
	return cfg_session; /* which says nothing at a return */
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
		__sync_fetch_and_add(&totals->put.more_objects, objects);
	return 0;
}

/* The return of every allocating function, where entry and return are probes of their own. */
SEC("uprobe")
int account_return(struct pt_regs *regs)
{
	struct account_thread *t = known_thread();
	__u64 block = t ? leave(t, regs) : 0;

	count_hit();
	return t && block ? record(t, block, t->size, t->source) : 0;
}
