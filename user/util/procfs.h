// SPDX-License-Identifier: Apache-2.0
/*
 * Small files of /proc/PID, read whole.
 */
#ifndef PYLEAK_UTIL_PROCFS_H
#define PYLEAK_UTIL_PROCFS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/*
 * Read /proc/@pid/@name into @buf, at most @cap - 1 bytes, always terminated; what is longer is
 * cut. The length, or -errno: -ENOENT or -ESRCH where the process is gone, -EACCES.
 */
ssize_t procfs_read(pid_t pid, const char *name, char *buf, size_t cap);

/*
 * The value of the line "Key:\tvalue" of a status-like text: a pointer behind the colon and white
 * space, to text that ends at the end of the line. NULL where there is no such line.
 */
const char *procfs_field(const char *text, const char *key);

/* Fields of /proc/PID/stat (proc(5)). */
struct procfs_stat {
	char comm[32];	/* control characters replaced by '?' */
	char state;	/* R S D Z T ... */
	uint32_t flags; /* PF_* */
	uint32_t threads;
	uint64_t start_ticks; /* since boot, in clock ticks */
};

/* Parse a stat file, whose comm may hold blanks, ')' and newlines. False where it is not one. */
bool procfs_stat_parse(const char *text, struct procfs_stat *out);

#endif
