/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * System calls that make and end what a process has a limited number of -> the Python stack that
 * made each one that is there: descriptors, threads, mappings of files and shared memory.
 *
 *	sys_exit_open, socket, accept, ...	   the result is the descriptor
 *	sys_enter_fcntl -> sys_exit_fcntl	   only F_DUPFD makes one
 *	sys_enter_pipe, socketpair -> sys_exit	   two, stored in memory
 *	sys_enter_mmap -> sys_exit_mmap
 *	task_newtask, sched_process_exit	   threads
 *	sys_enter_close, munmap			   before the number is free for another thread
 *
 * One program serves all calls of its kind. Arguments are remembered at entry, which every kernel
 * can, and not looked up in the task's registers at exit.
 */
#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

#include "abi.h"
#include "account.bpf.h"
#include "maps.bpf.h"
#include "read.bpf.h"
#include "target.bpf.h"
#include "thread.bpf.h"

/* include/uapi/linux/fcntl.h */
#define F_DUPFD 0
#define F_DUPFD_CLOEXEC 1030

#define MAP_SHARED 1 /* include/uapi/linux/mman.h; MAP_SHARED_VALIDATE has the bit too */
#define MAP_FIXED 0x10
#define MAP_ANONYMOUS 0x20
#define MAP_DENYWRITE 0x800
#define ERRORS_LEAST (~4095ULL)

#define CLONE_THREAD 0x10000 /* include/uapi/linux/sched.h */

volatile struct resource_control resource_control = {};

extern volatile struct account_control account_control;

/* Is it the process that is looked at, and still the program that it was? */
static __always_inline bool begin(void)
{
	if (!is_target() || account_control.stopped)
		return false;
	__sync_fetch_and_add(&resource_control.hits, 1);
	return true;
}

/* The same for calls that make something. Their hooks take a while to go, and cost until then. */
static __always_inline bool begin_making(void)
{
	return begin() && !resource_control.window_closed;
}

static __always_inline void found(__u32 source, __u64 id, __u64 size)
{
	__u64 key = resource_key(source, id), began;

	if (!account_keeps(key, account_control.shift))
		return;
	began = bpf_ktime_get_ns();
	account_found(key, size, source);
	__sync_fetch_and_add(&resource_control.spent_ns, bpf_ktime_get_ns() - began);
}

static __always_inline void ended(__u32 source, __u64 id)
{
	__u64 key = resource_key(source, id), began;

	/* What a higher shift would not keep is still there until user space has swept it out. */
	if (!account_keeps(key, account_control.swept_shift))
		return;
	began = bpf_ktime_get_ns();
	account_free(key);
	__sync_fetch_and_add(&resource_control.spent_ns, bpf_ktime_get_ns() - began);
}

static __always_inline bool call_ends(struct resource_call *call)
{
	__u32 tid = bpf_get_current_pid_tgid();
	struct resource_call *known = bpf_map_lookup_elem(&resource_calls, &tid);

	if (!known)
		return false;
	*call = *known;
	bpf_map_delete_elem(&resource_calls, &tid);
	return true;
}

static __always_inline void call_begins(__u64 what, __u64 size)
{
	struct resource_call call = { .what = what, .size = size };
	__u32 tid = bpf_get_current_pid_tgid();

	bpf_map_update_elem(&resource_calls, &tid, &call, BPF_ANY);
}

SEC("tracepoint")
int resource_descriptor(struct trace_event_raw_sys_exit *ctx)
{
	long fd = ctx->ret;

	if (fd < 0 || !begin_making())
		return 0;
	found(ACCOUNT_DESCRIPTOR, fd, 0);
	return 0;
}

SEC("tracepoint")
int resource_fcntl_enter(struct trace_event_raw_sys_enter *ctx)
{
	__u64 command = ctx->args[1];

	if ((command != F_DUPFD && command != F_DUPFD_CLOEXEC) || !begin_making())
		return 0;
	call_begins(command, 0);
	return 0;
}

SEC("tracepoint")
int resource_fcntl(struct trace_event_raw_sys_exit *ctx)
{
	struct resource_call call;
	long fd = ctx->ret;

	if (!begin_making())
		return 0;
	if (call_ends(&call) && fd >= 0)
		found(ACCOUNT_DESCRIPTOR, fd, 0);
	return 0;
}

SEC("tracepoint")
int resource_pipe_enter(struct trace_event_raw_sys_enter *ctx)
{
	__u64 pair = ctx->args[0];

	if (!begin_making())
		return 0;
	call_begins(pair, 0);
	return 0;
}

SEC("tracepoint")
int resource_socketpair_enter(struct trace_event_raw_sys_enter *ctx)
{
	__u64 pair = ctx->args[3];

	if (!begin_making())
		return 0;
	call_begins(pair, 0);
	return 0;
}

SEC("tracepoint")
int resource_pair(struct trace_event_raw_sys_exit *ctx)
{
	struct resource_call call;
	long err = ctx->ret;
	__s32 pair[2];

	if (!begin_making())
		return 0;
	if (call_ends(&call) && !err && read_target(pair, sizeof(pair), call.what)) {
		found(ACCOUNT_DESCRIPTOR, (__u32)pair[0], 0);
		found(ACCOUNT_DESCRIPTOR, (__u32)pair[1], 0);
	}
	return 0;
}

/*
 * Private anonymous memory is no resource of its own: arenas, large blocks of malloc, stacks. Nor
 * are libraries, which the loader maps with a flag that nobody else gives or at a fixed place.
 */
static __always_inline bool mapping_counts(__u64 flags)
{
	if (flags & (MAP_FIXED | MAP_DENYWRITE))
		return false;
	return !(flags & MAP_ANONYMOUS) || flags & MAP_SHARED;
}

SEC("tracepoint")
int resource_mmap_enter(struct trace_event_raw_sys_enter *ctx)
{
	__u64 size = ctx->args[1], flags = ctx->args[3];

	if (!mapping_counts(flags) || !begin_making())
		return 0;
	call_begins(0, size);
	return 0;
}

SEC("tracepoint")
int resource_mmap(struct trace_event_raw_sys_exit *ctx)
{
	__u64 address = ctx->ret;
	struct resource_call call;

	if (!begin_making())
		return 0;
	if (call_ends(&call) && address < ERRORS_LEAST)
		found(ACCOUNT_MAPPING, address, call.size);
	return 0;
}

SEC("tracepoint")
int resource_close(struct trace_event_raw_sys_enter *ctx)
{
	__u64 fd = ctx->args[0];

	if (!begin())
		return 0;
	ended(ACCOUNT_DESCRIPTOR, (__u32)fd);
	return 0;
}

SEC("tracepoint")
int resource_munmap(struct trace_event_raw_sys_enter *ctx)
{
	__u64 address = ctx->args[0];

	if (!begin())
		return 0;
	ended(ACCOUNT_MAPPING, address);
	return 0;
}

SEC("raw_tp/task_newtask")
int resource_thread(struct bpf_raw_tracepoint_args *ctx)
{
	struct task_struct *task = (struct task_struct *)ctx->args[0];
	__u64 flags = ctx->args[1];

	if (!(flags & CLONE_THREAD) || !begin_making())
		return 0;
	found(ACCOUNT_THREAD, thread_native_id_of(task), 0);
	return 0;
}

SEC("raw_tp/sched_process_exit")
int resource_thread_exit(void *ctx)
{

	(void)ctx;
	if (!begin())
		return 0;
	ended(ACCOUNT_THREAD, thread_native_id());
	return 0;
}
