// SPDX-License-Identifier: Apache-2.0
#include "family.h"

#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../util/clock.h"
#include "../util/procfs.h"

#define ROUNDS_MAX 5 /* a child may fork while we look */
#define TRIES_MAX 20 /* for one that cannot be stopped at once */

static int start_ticks(pid_t pid, uint64_t *ticks)
{
	struct procfs_stat stat;
	char text[1024];
	ssize_t len = procfs_read(pid, "stat", text, sizeof(text));

	if (len < 0)
		return (int)len;
	if (!procfs_stat_parse(text, &stat) || stat.state == 'Z' || stat.state == 'X')
		return -ESRCH;
	*ticks = stat.start_ticks;
	return 0;
}

static int executable(pid_t pid, struct stat *st)
{
	char path[40];

	snprintf(path, sizeof(path), "/proc/%d/exe", (int)pid);
	return stat(path, st) ? -errno : 0;
}

int family_since_now(struct family *f, pid_t pid)
{
	uint64_t per_second = (uint64_t)sysconf(_SC_CLK_TCK);
	struct stat st;
	int rc = executable(pid, &st);

	*f = (struct family){ .parent = pid };
	if (!rc)
		rc = start_ticks(pid, &f->parent_start_ticks);
	if (rc)
		return rc;
	f->device = st.st_dev;
	f->inode = st.st_ino;
	f->since_ticks = clock_read(CLOCK_BOOTTIME) / (1000000000ull / per_second);
	return 0;
}

int family_parent_lives(const struct family *f)
{
	uint64_t ticks;
	int rc = start_ticks(f->parent, &ticks);

	return rc ? rc : ticks == f->parent_start_ticks ? 0 : -ESRCH;
}

static bool is_child(const struct family *f, pid_t pid)
{
	uint64_t ticks;
	struct stat st;

	return pid != f->parent && executable(pid, &st) == 0 && st.st_dev == f->device &&
	       st.st_ino == f->inode && start_ticks(pid, &ticks) == 0 && ticks >= f->since_ticks;
}

static bool restore_one(const struct slots *s, pid_t pid, uint64_t *stopped_ns)
{
	for (unsigned tries = 0; tries < TRIES_MAX; tries++) {
		int rc = slots_restore(s, pid, stopped_ns);

		if (rc >= 0)
			return true;
		if (rc != -EAGAIN)
			return rc == -ESRCH;
		clock_sleep_ms(10);
	}
	return false;
}

static unsigned restore_round(const struct family *f, const struct slots *s, uint64_t *stopped_ns,
			      unsigned *left)
{
	const struct dirent *entry;
	DIR *proc = opendir("/proc");
	unsigned restored = 0;

	*left = 0;
	while (proc && (entry = readdir(proc))) {
		pid_t pid = (pid_t)strtol(entry->d_name, NULL, 10);

		if (pid <= 0 || !is_child(f, pid) || slots_aliased(s, pid) <= 0)
			continue;
		if (restore_one(s, pid, stopped_ns))
			restored++;
		else
			++*left;
	}
	if (proc)
		closedir(proc);
	return restored;
}

unsigned family_restore(const struct family *f, const struct slots *s, uint64_t *stopped_ns,
			unsigned *left)
{
	unsigned restored = 0, now, rounds = 0;

	do {
		now = restore_round(f, s, stopped_ns, left);
		restored += now;
	} while (now && ++rounds < ROUNDS_MAX);
	return restored;
}
