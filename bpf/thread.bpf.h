/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The PyThreadState of the thread that runs now, whether or not it holds the GIL.
 *
 * CPython until 3.14 keeps it under a pthread key (_PyRuntime's autoTSSkey, Python/pystate.c),
 * which is one read. Where there is no such key, or the C library is not glibc, the interpreters'
 * lists of threads are searched for this thread's id:
 *
 *   _PyRuntime.interpreters.head -> PyInterpreterState.next -> ...
 *                                       `- threads.head -> PyThreadState.next -> ...
 */
#ifndef PYLEAK_THREAD_BPF_H
#define PYLEAK_THREAD_BPF_H

#include "read.bpf.h"
#include <bpf/bpf_core_read.h>

#include "abi.h"
#include "unwind.bpf.h"

/* Interpreters and threads visited by one search. */
#define THREAD_SEARCH_VISITS 256

/*
 * glibc, x86-64, from 2.26 to 2.43 at least (nptl/descr.h): offset of specific_1stblock in struct
 * pthread, which fs points to; its elements are {uintptr_t seq; void *data}. Only the first block
 * lies inside. musl has another struct pthread: what is found there does not bear our thread id.
 */
#define GLIBC_SPECIFIC_FIRST_BLOCK 0x310
#define GLIBC_SPECIFIC_FIRST_KEYS 32
#define GLIBC_SPECIFIC_SIZE 16
#define GLIBC_SPECIFIC_DATA 8

static __always_inline __u64 thread_pointer(void)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();

#ifdef __TARGET_ARCH_arm64
	return BPF_CORE_READ(task, thread.uw.tp_value);
#else
	return BPF_CORE_READ(task, thread.fsbase);
#endif
}

/* A thread's id as gettid() answers inside the innermost pid namespace that it lives in. */
static __always_inline __u64 thread_native_id_of(struct task_struct *task)
{
	struct pid *pid = BPF_CORE_READ(task, thread_pid);
	__u32 level = BPF_CORE_READ(pid, level);
	struct upid id = {};

	bpf_core_read(&id, sizeof(id), &pid->numbers[level]);
	return id.nr;
}

static __always_inline __u64 thread_native_id(void)
{
	return thread_native_id_of((struct task_struct *)bpf_get_current_task());
}

static __always_inline __u64 thread_state_by_key(unwind_layout *l, __u64 pointer)
{
#ifdef __TARGET_ARCH_arm64
	return 0; /* struct pthread ends where the thread pointer points; its size varies */
#else
	if (l->tss_key >= GLIBC_SPECIFIC_FIRST_KEYS)
		return 0;
	return read_target_word(pointer + GLIBC_SPECIFIC_FIRST_BLOCK +
				l->tss_key * GLIBC_SPECIFIC_SIZE + GLIBC_SPECIFIC_DATA);
#endif
}

static __always_inline __u64 thread_state_by_id(unwind_layout *l, __u64 id)
{
	__u64 interpreter = read_target_word(l->runtime + l->rt_interpreters_head);
	__u64 state = 0;

	if (interpreter)
		state = read_target_word(interpreter + l->is_threads_head);
	for (int visit = 0; visit < THREAD_SEARCH_VISITS && interpreter; visit++) {
		if (!state) {
			interpreter = read_target_word(interpreter + l->is_next);
			if (interpreter)
				state = read_target_word(interpreter + l->is_threads_head);
			continue;
		}
		if (read_target_word(state + l->ts_thread_id) == id)
			return state;
		state = read_target_word(state + l->ts_next);
	}
	return 0;
}

/*
 * 0 where this is no Python thread. A state found by key that does not bear this thread's id comes
 * last: a child of fork() may still carry its parent's id.
 */
static __always_inline __u64 thread_state(unwind_layout *l)
{
	__u64 pointer = thread_pointer();
	__u64 id = l->fallback_by == PY_THREAD_BY_FSBASE ? pointer : thread_native_id();
	__u64 by_key = 0, by_id;

	if (l->thread_by == PY_THREAD_BY_TSS) {
		by_key = thread_state_by_key(l, pointer);
		if (by_key && read_target_word(by_key + l->ts_thread_id) == id)
			return by_key;
	}
	by_id = thread_state_by_id(l, id);
	return by_id ? by_id : by_key;
}

/*
 * The same for a program that runs often: *@pointer, *@id and *@state are 0 at first and then
 * remember what stays true while the thread lives. One read where it finds what it remembers.
 */
static __always_inline __u64 thread_state_again(unwind_layout *l, __u64 *pointer, __u64 *id,
						__u64 *state)
{
	__u64 by_key;

	if (!*pointer) {
		*pointer = thread_pointer();
		*id = l->fallback_by == PY_THREAD_BY_FSBASE ? *pointer : thread_native_id();
	}
	if (l->thread_by == PY_THREAD_BY_TSS) {
		by_key = thread_state_by_key(l, *pointer);
		if (!by_key || by_key == *state)
			return by_key;
	} else if (*state && read_target_word(*state + l->ts_thread_id) == *id) {
		return *state;
	}
	*state = thread_state(l);
	return *state;
}

#endif
