// SPDX-License-Identifier: Apache-2.0
/*
 * BPF programs on instructions of one process's files, by whatever the kernel offers: tried, not
 * told from its version.
 *
 *	session   Linux 6.13: one link, one program at entry and return, and entry may leave out
 *	          the return, which is the larger part of the cost
 *	multi     Linux 6.6: one link for many instructions; entry and return are links of their own
 *	perf      a perf event for each instruction (perf_event_open(2), type uprobe)
 *
 * libbpf 1.1 knows neither of the first two, so links are made with bpf(2).
 */
#ifndef PYLEAK_PROBE_ATTACH_H
#define PYLEAK_PROBE_ATTACH_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* From enum bpf_attach_type of Linux 6.6 and 6.13, for systems with older headers. */
#define ATTACH_TYPE_UPROBE_MULTI 48
#define ATTACH_TYPE_UPROBE_SESSION 57

enum attach_way { ATTACH_PERF, ATTACH_MULTI, ATTACH_SESSION };

/* The best that this kernel offers to us. */
enum attach_way attach_best(void);
const char *attach_name(enum attach_way way); /* "uprobe session", "uprobe_multi", "perf uprobes" */

/* What programs must be loaded for: the expected attach type; 0 for perf events. */
int attach_type(enum attach_way way);
int attach_return_type(enum attach_way way); /* of programs that run at returns or once */

enum attach_at { ATTACH_ENTRY, ATTACH_RETURN, ATTACH_BOTH /* session only */ };

/*
 * Run @program at the instruction at @offset of the file @path, in the process @pid alone. A
 * descriptor that ends it when closed, or -errno. ATTACH_RETURN: the instruction must be one before
 * which the stack pointer has not changed since the function's entry.
 */
int attach_probe(enum attach_way way, int program, const char *path, uint64_t offset, pid_t pid,
		 enum attach_at at);

/* The same at @count instructions of one file, by one descriptor; perf events only at one. */
int attach_probes(enum attach_way way, int program, const char *path, const uint64_t *offsets,
		  unsigned count, pid_t pid, enum attach_at at);

#endif
