// SPDX-License-Identifier: Apache-2.0
#include "footprint.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../util/procfs.h"

#define GUARD_MAX 65536 /* glibc's guard is one page; 64 KiB where pages are that large */

/* What one mapping, or all of them, add up to: bytes. */
struct sums {
	int64_t rss, pss, uss, swap;
};

/* The mapping whose lines of smaps are being read. */
struct mapping {
	uint64_t start, end, inode;
	char prot[5];
	char path[64]; /* its beginning */
	struct sums sums;
};

/* Add a line "Rss:    1234 kB" of smaps. */
static void add_line(struct sums *s, const char *line)
{
	static const struct {
		const char *key;
		size_t at;
	} keys[] = {
		{ "Rss:", offsetof(struct sums, rss) },
		{ "Pss:", offsetof(struct sums, pss) },
		{ "Private_Clean:", offsetof(struct sums, uss) },
		{ "Private_Dirty:", offsetof(struct sums, uss) },
		{ "Private_Hugetlb:", offsetof(struct sums, uss) },
		{ "Swap:", offsetof(struct sums, swap) },
	};

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		size_t len = strlen(keys[i].key);

		if (strncmp(line, keys[i].key, len) == 0)
			*(int64_t *)((char *)s + keys[i].at) +=
				strtoll(line + len, NULL, 10) * 1024;
	}
}

/* The first line of a mapping: the one that smaps shares with maps. */
static bool parse_head(const char *line, struct mapping *m)
{
	struct mapping next = { 0 };

	if (sscanf(line, "%" SCNx64 "-%" SCNx64 " %4s %*x %*x:%*x %" SCNu64 " %63[^\n]",
		   &next.start, &next.end, next.prot, &next.inode, next.path) < 4)
		return false;
	*m = next;
	return true;
}

static bool starts(const char *text, const char *with)
{
	return strncmp(text, with, strlen(with)) == 0;
}

/* Shared anonymous memory is a file of the kernel's own tmpfs, or of /dev/shm. */
static bool is_shmem(const struct mapping *m)
{
	return starts(m->path, "/dev/zero") || starts(m->path, "/dev/shm/") ||
	       starts(m->path, "/memfd:") || starts(m->path, "/SYSV") ||
	       starts(m->path, "[anon_shmem:");
}

/*
 * pthread_create(3) maps a stack with its guard at the low end: ---p then rw-p, adjacent. (A malloc
 * arena is the other way round: rw-p below, ---p above it.)
 */
static bool is_stack(const struct mapping *m, const struct mapping *below)
{
	if (starts(m->path, "[stack") || starts(m->path, "[anon:glibc: pthread stack"))
		return true;
	return m->inode == 0 && !m->path[0] && starts(m->prot, "rw") && below->inode == 0 &&
	       !below->path[0] && starts(below->prot, "---") && below->end == m->start &&
	       below->end - below->start <= GUARD_MAX;
}

static void close_mapping(struct footprint *f, struct sums *total, const struct mapping *m,
			  const struct mapping *below)
{
	total->rss += m->sums.rss;
	total->pss += m->sums.pss;
	total->uss += m->sums.uss;
	total->swap += m->sums.swap;
	if (is_shmem(m))
		f->shmem += m->sums.rss;
	else if (m->inode)
		f->file += m->sums.rss;
	else if (is_stack(m, below))
		f->thread_stacks += m->sums.rss;
}

/* Parts by mapping into @f, and the sums of all. 0 or -errno; @f is untouched where it cannot be
 * opened. */
static int read_smaps(pid_t pid, struct footprint *f, struct sums *total)
{
	struct mapping now = { 0 }, below = { 0 };
	char path[48], *line = NULL;
	size_t cap = 0;
	FILE *text;
	int err;

	snprintf(path, sizeof(path), "/proc/%d/smaps", (int)pid);
	text = fopen(path, "re");
	if (!text)
		return errno == ENOENT ? -ESRCH : -errno;
	f->file = f->shmem = f->thread_stacks = 0;
	while (getline(&line, &cap, text) > 0) {
		struct mapping next;

		if (!parse_head(line, &next)) {
			add_line(&now.sums, line);
			continue;
		}
		close_mapping(f, total, &now, &below);
		below = now;
		now = next;
	}
	close_mapping(f, total, &now, &below);
	err = ferror(text) ? -EIO : 0;
	free(line);
	fclose(text);
	return err;
}

static int64_t status_kib(const char *status, const char *key)
{
	const char *value = procfs_field(status, key);

	return value ? strtoll(value, NULL, 10) * 1024 : UNKNOWN;
}

static int read_status(pid_t pid, struct footprint *f)
{
	char status[4096];
	ssize_t n = procfs_read(pid, "status", status, sizeof(status));

	if (n < 0)
		return n == -ENOENT ? -ESRCH : (int)n;
	f->rss = status_kib(status, "VmRSS");
	f->swap = status_kib(status, "VmSwap");
	return f->rss == UNKNOWN ? -ESRCH : 0;
}

int footprint_read(struct footprint *f, const struct process *p)
{
	struct sums total = { 0 };

	*f = (struct footprint){
		.rss = UNKNOWN,
		.pss = UNKNOWN,
		.uss = UNKNOWN,
		.swap = UNKNOWN,
		.python_live = UNKNOWN,
		.python_free = UNKNOWN,
		.native_live = UNKNOWN,
		.native_free = UNKNOWN,
		.thread_stacks = UNKNOWN,
		.file = UNKNOWN,
		.shmem = UNKNOWN,
		.other = UNKNOWN,
		.native_trim = UNKNOWN,
	};
	if (read_smaps(p->pid, f, &total) != 0)
		return read_status(p->pid, f);
	if (total.rss == 0)
		return -ESRCH; /* a process that ended shows an empty file; no living one has no
				  memory */
	f->rss = total.rss;
	f->pss = total.pss;
	f->uss = total.uss;
	f->swap = total.swap;
	return 0;
}

int64_t footprint_rss(const struct process *p)
{
	unsigned long long pages;
	char statm[128];

	if (procfs_read(p->pid, "statm", statm, sizeof(statm)) <= 0 ||
	    sscanf(statm, "%*u %llu", &pages) != 1 || !pages)
		return UNKNOWN;
	return (int64_t)pages * sysconf(_SC_PAGESIZE);
}
