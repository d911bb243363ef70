// SPDX-License-Identifier: Apache-2.0
/*
 * Every Python process of the machine: what it is, what it uses, what can be seen in it.
 *
 *	memory of all pids -> which of them are Python, and which -> memory again -> slope
 */
#ifndef PYLEAK_SESSION_PS_H
#define PYLEAK_SESSION_PS_H

#include "../model/processes.h"
#include "../util/err.h"

struct py_images;

#define PS_INTERVAL_NS 250000000ull /* between the readings of memory, unless -d says otherwise */

/*
 * Look at all processes; @interval_ns between the two readings of memory, at least. 0 and @list
 * (release with processes_release()), or -errno with @e.
 */
int ps_run(struct processes *list, uint64_t interval_ns, struct err *e);

/*
 * What is known of @pid without its slope: 0; -ENOENT where it is no Python; -ESRCH, or -EPERM
 * where it could not be looked into. A Python that cannot be looked into is 0 and VISIBLE_NO.
 */
int ps_look(struct process_row *row, int pid, struct py_images *images);

/* Resident bytes by /proc/PID/statm; UNKNOWN where the process is gone. */
int64_t ps_rss(int pid);

#endif
