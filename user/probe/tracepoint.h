// SPDX-License-Identifier: Apache-2.0
/*
 * BPF programs on the kernel's tracepoints, which have names of the form CATEGORY/NAME.
 */
#ifndef PYLEAK_PROBE_TRACEPOINT_H
#define PYLEAK_PROBE_TRACEPOINT_H

/*
 * Where tracepoints have their numbers: tracefs, mounted or not. Where it is not, an instance of
 * our own without a place in any directory, which goes away with its descriptor. A descriptor, or
 * -errno: -EPERM without CAP_SYS_ADMIN, -ENODEV where the kernel has none.
 */
int tracefs_open(void);

/*
 * Open it now for all calls of tracefs_open() that come, also of children: before privileges are
 * given up. The descriptor, which stays open, or -errno as above. tracefs_kept(): that, or -1.
 */
int tracefs_keep(void);
int tracefs_kept(void);

/*
 * Run @program at the tracepoint, for every process. A descriptor that ends it when closed, or
 * -errno: -ENOENT where the kernel has no such tracepoint. Closing waits until no CPU runs it,
 * some 70 ms.
 */
int tracepoint_attach(int tracefs, const char *category, const char *name, int program);

#endif
