// SPDX-License-Identifier: Apache-2.0
#include "pipes.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../util/printable.h"
#include "../util/procfs.h"

enum { READS = 1, WRITES = 2 };

/* A pipe of the target, however many of its descriptors are of it. */
struct pipe {
	uint64_t inode;
	unsigned here;	   /* READS, WRITES: ends that the target has */
	pid_t other[2];	   /* the first other process that reads, that writes; 0 none */
	unsigned others[2]; /* how many of them */
};

struct pipes {
	struct pipe *pipe; /* owned, ordered by inode */
	size_t count;
	unsigned processes, descriptors; /* looked at */
	bool incomplete;		 /* some could not be */
};

static int by_inode(const void *a, const void *b)
{
	const struct pipe *x = a, *y = b;

	return (x->inode > y->inode) - (x->inode < y->inode);
}

static struct pipe *find(const struct pipes *p, uint64_t inode)
{
	const struct pipe key = { .inode = inode };

	return p->count ? bsearch(&key, p->pipe, p->count, sizeof(key), by_inode) : NULL;
}

/* The permissions of /proc/PID/fd/N are how it was opened, proc(5). */
static unsigned end_of(int directory, const char *name)
{
	struct stat st;

	if (fstatat(directory, name, &st, AT_SYMLINK_NOFOLLOW))
		return 0;
	return (st.st_mode & S_IRUSR ? READS : 0) | (st.st_mode & S_IWUSR ? WRITES : 0);
}

/* The target's own pipes, each once. False where there is none. */
static bool take_own(struct pipes *p, const struct descriptors *d)
{
	size_t kept = 0;

	p->pipe = calloc(d->count + 1, sizeof(*p->pipe));
	for (size_t i = 0; p->pipe && i < d->count; i++)
		if (d->descriptor[i].kind == RESOURCE_PIPE)
			p->pipe[p->count++].inode = d->descriptor[i].inode;
	if (!p->count)
		return false;
	qsort(p->pipe, p->count, sizeof(*p->pipe), by_inode);
	for (size_t i = 0; i < p->count; i++)
		if (!kept || p->pipe[kept - 1].inode != p->pipe[i].inode)
			p->pipe[kept++] = p->pipe[i];
	p->count = kept;
	return true;
}

static void note(struct pipe *pipe, pid_t pid, unsigned end)
{
	for (unsigned i = 0; i < 2; i++) {
		if (!(end & (READS << i)) || pipe->other[i] == pid)
			continue;
		if (!pipe->other[i])
			pipe->other[i] = pid;
		pipe->others[i]++;
	}
}

static void look_at_descriptor(struct pipes *p, int directory, const char *name, pid_t pid,
			       bool own)
{
	char link[64];
	ssize_t n = readlinkat(directory, name, link, sizeof(link) - 1);
	struct pipe *pipe;

	if (n <= 0)
		return;
	link[n] = '\0';
	if (strncmp(link, "pipe:[", 6) != 0)
		return;
	pipe = find(p, strtoull(link + 6, NULL, 10));
	if (pipe && own)
		pipe->here |= end_of(directory, name);
	else if (pipe)
		note(pipe, pid, end_of(directory, name));
}

static void look_at_process(struct pipes *p, pid_t pid, bool own)
{
	char path[64];
	struct dirent *entry;
	DIR *directory;

	snprintf(path, sizeof(path), "/proc/%d/fd", (int)pid);
	directory = opendir(path);
	if (!directory) {
		p->incomplete |= errno != ENOENT; /* it ended */
		return;
	}
	while ((entry = readdir(directory))) {
		if (!isdigit((unsigned char)entry->d_name[0]))
			continue;
		if (!own && p->descriptors++ >= PIPES_DESCRIPTORS_MAX) {
			p->incomplete = true;
			break;
		}
		look_at_descriptor(p, dirfd(directory), entry->d_name, pid, own);
	}
	closedir(directory);
}

static void look_at_others(struct pipes *p, pid_t target)
{
	DIR *all = opendir("/proc");
	struct dirent *entry;

	p->incomplete |= !all;
	while (all && (entry = readdir(all))) {
		pid_t pid = isdigit((unsigned char)entry->d_name[0])
				    ? (pid_t)strtol(entry->d_name, NULL, 10)
				    : 0;

		if (!pid || pid == target || pid == getpid())
			continue;
		if (p->processes++ >= PIPES_PROCESSES_MAX) {
			p->incomplete = true;
			break;
		}
		look_at_process(p, pid, false);
	}
	if (all)
		closedir(all);
}

static void describe(const struct pipes *p, const struct pipe *pipe, unsigned end, char *what,
		     size_t cap)
{
	const char *here = end == READS ? "read" : "written";
	const char *there = end == READS ? "written" : "read";
	unsigned i = end == READS; /* index of the other end */
	char text[64] = "", name[64] = "", more[32] = "";

	if (pipe->here == (READS | WRITES) && !pipe->others[i]) {
		snprintf(what, cap, "pipe %s here, %s here too", here, there);
	} else if (pipe->others[i]) {
		ssize_t n = procfs_read(pipe->other[i], "comm", text, sizeof(text));

		if (n > 1)
			printable_copy(name, sizeof(name), text, (size_t)n - 1);
		if (pipe->others[i] > 1)
			snprintf(more, sizeof(more), " and %u more", pipe->others[i] - 1);
		snprintf(what, cap, "pipe %s here, %s by pid %d %.32s%s", here, there,
			 (int)pipe->other[i], name, more);
	} else if (p->incomplete) {
		snprintf(what, cap, "pipe %s here", here);
	} else {
		snprintf(what, cap, "pipe %s here, no %s is left", here,
			 end == READS ? "writer" : "reader");
	}
}

void pipes_describe(struct descriptors *d, pid_t pid)
{
	struct pipes p = { 0 };
	char path[64], name[16];

	snprintf(path, sizeof(path), "/proc/%d/fd", (int)pid);
	if (take_own(&p, d)) {
		int directory = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

		look_at_process(&p, pid, true);
		look_at_others(&p, pid);
		for (size_t i = 0; directory >= 0 && i < d->count; i++) {
			struct descriptor *one = &d->descriptor[i];
			unsigned end;

			if (one->kind != RESOURCE_PIPE)
				continue;
			snprintf(name, sizeof(name), "%d", one->fd);
			end = end_of(directory, name);
			if (end == READS || end == WRITES)
				describe(&p, find(&p, one->inode), end, one->what,
					 sizeof(one->what));
		}
		if (directory >= 0)
			close(directory);
	}
	free(p.pipe);
}
