// SPDX-License-Identifier: Apache-2.0
/*
 * The BPF programs in the kernel: opened, told the layout of one target, loaded. Only the
 * loader's files know the skeleton; everyone else gets file descriptors.
 *
 * Programs and maps go away with these descriptors, also when we are killed: nothing is pinned.
 */
#ifndef PYLEAK_PROBE_LOADER_H
#define PYLEAK_PROBE_LOADER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "../../bpf/abi.h"
#include "../util/err.h"

struct pyleak;

/* Programs on allocators, see bpf/{pymalloc,libc,pools,inlined}.bpf.c. */
enum loader_program {
	PROGRAM_PYMALLOC_MALLOC,
	PROGRAM_PYMALLOC_CALLOC,
	PROGRAM_PYMALLOC_REALLOC,
	PROGRAM_PYMALLOC_FREE,
	PROGRAM_LIBC_MALLOC,
	PROGRAM_LIBC_CALLOC,
	PROGRAM_LIBC_REALLOC,
	PROGRAM_LIBC_REALLOCARRAY,
	PROGRAM_LIBC_POSIX_MEMALIGN,
	PROGRAM_LIBC_ALIGNED_ALLOC,
	PROGRAM_LIBC_MMAP,
	PROGRAM_LIBC_MREMAP,
	PROGRAM_LIBC_FREE,
	PROGRAM_POOLS_NEW,	/* on returns only */
	PROGRAM_INLINED_BRANCH,
	PROGRAM_INLINED_CALL,
	PROGRAM_INLINED_JUMP,
	PROGRAM_ACCOUNT_RETURN, /* on returns only */
	PROGRAMS,
};

/* Programs on tracepoints, see bpf/resources.bpf.c. */
enum loader_hook {
	HOOK_DESCRIPTOR,
	HOOK_FCNTL_ENTER,
	HOOK_FCNTL,
	HOOK_PIPE_ENTER,
	HOOK_SOCKETPAIR_ENTER,
	HOOK_PAIR,
	HOOK_MMAP_ENTER,
	HOOK_MMAP,
	HOOK_CLOSE,
	HOOK_MUNMAP,
	HOOK_THREAD,      /* raw tracepoint, as the next */
	HOOK_THREAD_EXIT,
	HOOK_COUNT,
};

/* Programs that tell of processes that come and go: exec, child, end. See lifecycle.h. */
#define LOADER_LIFECYCLE 3

/* What accounting of allocations, or of resources, needs to be told. */
struct loader_account {
	int attach_type;	  /* of the programs, see attach.h; 0: perf events */
	int return_attach_type;	  /* of those on returns only */
	bool session;		  /* one program serves entry and return */
	uint32_t live_max;	  /* outstanding allocations kept */
	uint32_t sites_max;	  /* stacks told apart */
	uint32_t pool_size;
	bool resources; /* programs on tracepoints, and none on allocators */
};

/* What sampling in windows needs to be told: as above. */
struct loader_window {
	int attach_type, return_attach_type;
	bool session;
};

struct loader {
	struct pyleak *skeleton; /* owned; NULL while nothing is loaded */
	/*
	 * While open, the kernel times BPF programs; -1 where it cannot, and of accounting, where
	 * it would cost every hit a twentieth more.
	 */
	int statistics;
	/* Owned by the skeleton; -1 where the part was not asked for. */
	int watch_write;			   /* program */
	int watch_words, watch_events;		   /* maps, see bpf/maps.bpf.h */
	int gc_running, gc_totals, gc_events;
	int gc_sample_events; /* -1 where garbage is not sampled */
	int program[PROGRAMS], lifecycle_exec;	   /* programs */
	int hook[HOOK_COUNT];
	int live, sites, stacks;
	int window_call, window_return, window_write; /* programs */
	int window_calls, window_blocks, sampled, window_samples;
	volatile struct window_control *window;	   /* NULL where windows were not asked for */
	int lifecycle[LOADER_LIFECYCLE];	   /* programs */
	int lifecycle_events, lifecycle_watched;
	int drops;
	volatile struct account_control *control; /* NULL where accounting was not asked for */
	volatile struct gc_sampling *gc_sampling;
	volatile struct resource_control *resource_control;
};

/* Which programs are wanted, and what they are told. */
struct loader_parts {
	const struct py_unwind *unwind;
	const struct gc_layout *gc; /* NULL: no collector programs */
	bool watch;		    /* the watchpoints' program */
	const struct loader_account *account; /* NULL: no programs on allocators */
	const struct loader_window *window;   /* NULL: no sampling */
	bool lifecycle;			      /* of all processes; of no target then */
};

struct bpf_program;

/*
 * Load the @parts for the target @pid. -EPERM (EXIT_NOT_PERMITTED, naming the
 * missing capabilities), -EOPNOTSUPP (the kernel lacks BTF or BPF), or -errno with the verifier's
 * complaint in @e. On failure *@l needs no closing. Raises the soft limit of open files to the
 * hard one, because a watchpoint costs a descriptor for each thread.
 */
int loader_open(struct loader *l, pid_t pid, const struct loader_parts *parts, struct err *e);
void loader_close(struct loader *l);

/* Time spent in the loaded programs so far, in ns; 0 where the kernel cannot tell. */
uint64_t loader_bpf_ns(const struct loader *l);

/* Of one program. */
uint64_t loader_program_ns(const struct loader *l, int program);

/* The programs at the collector's entry and return, for whoever attaches them. */
struct bpf_program *loader_gc_enter(const struct loader *l);
struct bpf_program *loader_gc_return(const struct loader *l);

#endif
